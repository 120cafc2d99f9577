"""What the warehouse does not know is refused by name, and nobody sees beyond their branch."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from exports.errors import InvalidParameter
from exports.reports.customer_dynamics.definition import CustomerDynamicsParameters
from exports.reports.customer_dynamics.run import generate
from exports.result import GeneratedBy
from tests.integration.exports.asking import MARCH, NOW, TESTER, report, rows_of, stored_results
from tests.integration.exports.billing_warehouse import BillingWarehouse
from tests.integration.exports.small_operator import a_small_tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def built(parsed_warehouse: BillingWarehouse) -> BillingWarehouse:
    """The small tree, built; no test of this module changes it."""
    parsed_warehouse.empty()
    parsed_warehouse.load(a_small_tree(), datetime(2024, 4, 10, tzinfo=UTC))
    parsed_warehouse.build()
    return parsed_warehouse


def test_what_the_warehouse_does_not_know_is_refused_by_name(built: BillingWarehouse):
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


def test_a_company_sees_itself_and_what_lies_below_never_above_or_beside(built: BillingWarehouse):
    (everything,) = rows_of(report(built, MARCH))
    (branch,) = rows_of(report(built, MARCH, GeneratedBy("ann", "reseller", company_id=1)))
    (leaf,) = rows_of(report(built, MARCH, GeneratedBy("bob", "reseller", company_id=2)))
    assert [row["Clients - All: Qty"] for row in (everything, branch, leaf)] == [3, 2, 1]
    with pytest.raises(InvalidParameter, match="unknown company 1"):
        report(built, MARCH | {"company_id": 1}, GeneratedBy("bob", "reseller", company_id=2))


def test_names_of_others_are_neither_known_nor_hinted_at(built: BillingWarehouse):
    bob = GeneratedBy("bob", "reseller", company_id=2)
    # the package and the tag are of the company above, for an administrator to find
    for changes in ({"package_id": 7}, {"tags": ("vip",)}):
        assert report(built, MARCH | changes).rows
    with pytest.raises(InvalidParameter, match="unknown package 7: there is none"):
        report(built, MARCH | {"package_id": 7}, bob)
    with pytest.raises(InvalidParameter, match="unknown tag 'vip': known: gold"):
        report(built, MARCH | {"tags": ("vip",)}, bob)
    assert report(built, MARCH | {"tags": ("gold",)}, bob).rows


def test_an_interval_without_data_is_stored_with_heads_and_a_message(built: BillingWarehouse):
    result = report(
        built, MARCH | {"from_date": "2024-05-01", "to_date": "2024-05-31"} | {"group_by": "month"}
    )
    assert result.rows == () and not result.has_total and result.data_interval is None
    assert result.message is not None
    assert result.message.startswith("No data from 2024-05-01 to 2024-05-31 (UTC)")
    assert result.columns[0].label == "Month"


def test_relative_intervals_are_resolved_in_the_reports_zone(built: BillingWarehouse):
    zone = {"time_zone": "Pacific/Kiritimati", "currency": "EUR"}
    result = report(built, zone | {"interval": "today"})
    assert NOW.date() == date(2026, 11, 21)
    assert result.parameters["from_date"] == result.parameters["to_date"] == "2026-11-22"


def test_a_zone_that_the_server_does_not_know_yet_is_refused_by_name(built: BillingWarehouse):
    asked = CustomerDynamicsParameters.read(MARCH).model_copy(update={"time_zone": "Europe/Atlantis"})
    with psycopg.connect(built.url) as connection, pytest.raises(InvalidParameter) as refused:
        generate(connection, asked, TESTER, NOW)
    assert refused.value.parameter == "timezone"
    assert str(refused.value).startswith("time zone 'Europe/Atlantis' is not known to the warehouse's")


HEAVY = (
    "dagster",
    "dbt",
    "openpyxl",
    "pandas",
    "numpy",
    "pymongo",
    "pymysql",
    "asyncpg",
    "sqlalchemy",
    "pgserver",
)


def test_a_report_on_the_terminal_imports_nothing_that_it_does_not_use(
    built: BillingWarehouse, tmp_path: Path
):
    """What decides how long a command takes before it asks anything; a workbook alone needs its library."""
    code = (
        "import sys; from orchestration.cli.app import run; code = run(sys.argv[2:]);"
        " print(sorted(set(sys.argv[1].split()) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    environment = {
        **os.environ,
        "SUBDYN_HOME": str(tmp_path),
        "SUBDYN_WAREHOUSE_URL": built.admin_url,
        "PYTHONPATH": str(ROOT),
    }
    asked = ["--from", "2024-03-01", "--to", "2024-03-31", "--timezone", "UTC", "--currency", "EUR"]
    for output, imported in (([], []), (["--output", "x.csv"], []), (["--output", "x.xlsx"], ["openpyxl"])):
        done = subprocess.run(
            [sys.executable, "-c", code, " ".join(HEAVY), "report", "customer-dynamics", *asked, *output],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        told = ast.literal_eval(done.stderr.splitlines()[-1])
        assert [name for name in told if name != "numpy"] == imported
