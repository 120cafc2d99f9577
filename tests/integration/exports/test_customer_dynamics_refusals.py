"""What the warehouse does not know is refused by name, nobody sees beyond their branch, no file is lost."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from exports.errors import InvalidParameter
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.customer_dynamics.report import generate
from exports.result import GeneratedBy
from exports.result_store import find_result_id, load
from orchestration.cli.app import run
from tests.support.billing_rows import a_small_tree
from tests.support.report_rows import MARCH, NOW, TESTER, report, rows_of, stored_results
from tests.support.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def built(shared_warehouse: Warehouse) -> Warehouse:
    """The small tree, built; no test of this module changes it."""
    shared_warehouse.hold(a_small_tree(), datetime(2024, 4, 10, tzinfo=UTC))
    shared_warehouse.build()
    return shared_warehouse


def test_what_the_warehouse_does_not_know_is_refused_by_name(built: Warehouse):
    before = stored_results(built)
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"company_id": 99}, "unknown company 99: known: 1 Company 1, 2 Company 2, 4 Company 4, 5 Company 5"),
        ({"company_id": 4}, "company 4 (Company 4) lies above itself in the tree of companies"),
        ({"owner_user_id": 3}, "unknown owner 3: there is none"),
        ({"package_id": 8}, "unknown package 8: known: 7 Silver"),
        ({"tags": ("gold", "glod")}, "unknown tag 'glod': did you mean gold?"),
        ({"currency": "EUX"}, "unknown currency 'EUX': did you mean EUR?"),
    ]
    for changes, words in refusals:
        with pytest.raises(InvalidParameter) as refused:
            report(built, MARCH | changes)
        assert words in str(refused.value)
    assert stored_results(built) == before


def test_a_company_sees_itself_and_what_lies_below_never_above_or_beside(built: Warehouse):
    (everything,) = rows_of(report(built, MARCH))
    (branch,) = rows_of(report(built, MARCH, GeneratedBy("ann", "reseller", company_id=1)))
    (leaf,) = rows_of(report(built, MARCH, GeneratedBy("bob", "reseller", company_id=2)))
    assert [row["Clients - All: Qty"] for row in (everything, branch, leaf)] == [3, 2, 1]
    with pytest.raises(InvalidParameter, match="unknown company 1"):
        report(built, MARCH | {"company_id": 1}, GeneratedBy("bob", "reseller", company_id=2))


def test_names_of_others_are_neither_known_nor_hinted_at(built: Warehouse):
    bob = GeneratedBy("bob", "reseller", company_id=2)
    # the package and the tag are of the company above, for an administrator to find
    for changes in ({"package_id": 7}, {"tags": ("vip",)}):
        assert report(built, MARCH | changes).rows
    with pytest.raises(InvalidParameter, match="unknown package 7: there is none"):
        report(built, MARCH | {"package_id": 7}, bob)
    with pytest.raises(InvalidParameter, match="unknown tag 'vip': known: gold"):
        report(built, MARCH | {"tags": ("vip",)}, bob)
    assert report(built, MARCH | {"tags": ("gold",)}, bob).rows


def test_an_interval_without_data_is_stored_with_heads_and_a_message(built: Warehouse):
    result = report(
        built, MARCH | {"from_date": "2024-05-01", "to_date": "2024-05-31"} | {"group_by": "month"}
    )
    assert result.rows == () and not result.has_total and result.data_interval is None
    assert result.message is not None
    assert result.message.startswith("No data from 2024-05-01 to 2024-05-31 (UTC)")
    assert result.columns[0].label == "Month"


def test_relative_intervals_are_resolved_in_the_reports_zone(built: Warehouse):
    zone = {"time_zone": "Pacific/Kiritimati", "currency": "EUR"}
    result = report(built, zone | {"interval": "today"})
    assert NOW.date() == date(2026, 11, 21)
    assert result.parameters["from_date"] == result.parameters["to_date"] == "2026-11-22"


def test_a_zone_that_the_server_does_not_know_yet_is_refused_by_name(built: Warehouse):
    asked = CustomerDynamicsParameters.read(MARCH).model_copy(update={"time_zone": "Europe/Atlantis"})
    with psycopg.connect(built.url) as connection, pytest.raises(InvalidParameter) as refused:
        generate(connection, asked, TESTER, NOW)
    assert refused.value.parameter == "timezone"
    assert str(refused.value).startswith("time zone 'Europe/Atlantis' is not known to the warehouse's")


# The command line on the same warehouse.

HEAVY = ("dagster", "dbt", "openpyxl", "pandas", "pymongo", "pymysql", "asyncpg", "sqlalchemy")
ASK = (
    "customer-dynamics",
    "--from",
    "2024-03-01",
    "--to",
    "2024-03-31",
    "--timezone",
    "utc",
    "--currency",
    "EUR",
)


@pytest.fixture
def environment(built: Warehouse, tmp_path: Path) -> dict[str, str]:
    """For a command in a process of its own."""
    own = {"SUBDYN_HOME": str(tmp_path), "SUBDYN_WAREHOUSE_URL": built.admin_url, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own}


def test_a_report_imports_nothing_that_it_does_not_use(environment: dict[str, str], tmp_path: Path):
    """What decides how long a command takes before it asks anything; a workbook alone needs its library."""
    code = (
        "import sys; from orchestration.cli.app import run; code = run(['report', *sys.argv[2:]]);"
        " print(sorted(set(sys.argv[1].split()) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    for output, imported in ((("--output", "x.csv"), []), (("--output", "x.xlsx"), ["openpyxl"])):
        done = subprocess.run(
            [sys.executable, "-c", code, " ".join(HEAVY), *ASK, *output],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert ast.literal_eval(done.stderr.splitlines()[-1]) == imported


def test_whoever_reads_only_the_beginning_gets_no_error(environment: dict[str, str], tmp_path: Path):
    command = [sys.executable, "-m", "orchestration", "report", *ASK]
    for output in ((), ("--output", "-")):
        process = subprocess.Popen(
            [*command, *output], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)
        process.stderr.close()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr == b"subdyn: stdout cannot be written: No space left on device\n"


def test_a_file_shows_the_stored_result_and_is_replaced_only_when_asked(
    built: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", built.admin_url)
    assert run(["report", *ASK, "--output", "files/"]) == 0
    written = sorted((tmp_path / "files").iterdir())
    assert [path.suffix for path in written] == [".csv", ".xlsx"]
    stem = written[0].stem
    assert stem.startswith("customer-dynamics_2024-03-01_2024-03-31_EUR_")
    capsysbinary.readouterr()
    # the short id in the name finds the result again, and it is the file's
    short = stem.rpartition("_")[2]
    assert run(["report", "show", short, "--output", "-"]) == 0
    assert capsysbinary.readouterr().out == written[0].read_bytes()
    with psycopg.connect(built.url) as connection:
        stored = load(connection, find_result_id(connection, short))
    sheet = openpyxl.load_workbook(written[1])[stored.title]
    *_, cells = sheet.iter_rows(values_only=True)
    assert list(cells) == [float(cell) if isinstance(cell, Decimal) else cell for cell in stored.rows[0]]
    written[0].write_text("edited by hand")
    assert run(["report", "show", short, "--output", "files", "--format", "csv"]) == 2
    assert b"is there already" in capsysbinary.readouterr().err
    assert written[0].read_text() == "edited by hand"
    assert run(["report", "show", short, "--output", "files", "--format", "csv", "--overwrite"]) == 0
    assert written[0].read_text().startswith("Clients - Active: Qty,")


def test_a_stored_result_is_shown_in_every_format_and_as_a_chart(
    built: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", built.admin_url)
    short = report(built, MARCH | {"group_by": "date"}).result_id[:12]
    formats = "csv,xlsx,xls,html,json,parquet,png,svg"
    chart = ("--chart", "Balance Refill: Total", "--chart-type", "column")
    assert run(["report", "show", short, "--format", formats, "--output", "files/", *chart]) == 0
    begins = {
        "csv": b"Date,Clients", "xlsx": b"PK", "xls": b"\xd0\xcf\x11\xe0", "html": b"<!DOCTYPE html>",
        "json": b"{", "parquet": b"PAR1", "png": b"\x89PNG", "svg": b"<svg ",
    }  # fmt: skip
    files = {path.suffix[1:]: path.read_bytes() for path in (tmp_path / "files").iterdir()}
    assert files.keys() == begins.keys()
    for name, content in files.items():
        assert content.startswith(begins[name]), name
    assert b"<svg " in files["html"]
    assert openpyxl.load_workbook(tmp_path / next((tmp_path / "files").glob("*.xlsx"))).sheetnames == [
        "Customer Dynamics", "Chart", "Info",
    ]  # fmt: skip
    capsys.readouterr()
    assert (
        run(["report", "show", short, "--format", "png", "--chart-column", "Nothing", "--output", "x.png"])
        == 2
    )
    assert "no column 'Nothing' in this report" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["files"], "nothing half written"


def test_the_list_tells_what_was_asked_within_80_characters(
    built: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", built.admin_url)
    monkeypatch.setenv("COLUMNS", "80")
    asked = MARCH | {"time_zone": "America/Argentina/ComodRivadavia", "group_by": "month,package"}
    stored = report(built, asked | {"company_id": 1, "tags": ("gold",), "active_duration_months": 12})
    assert run(["report", "list", "--limit", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    printed = " ".join(" ".join(lines).split())
    assert stored.result_id[:12] in printed and "2024-03-01..2024-03-31" in printed
    for part in ("by month package", "tag gold", "company 1", "active 12 months", "EUR", "ComodRivadavia"):
        assert part in printed
