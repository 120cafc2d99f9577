"""What is written to a terminal cannot steer it, and a result is readable on it however wide either is."""

import ast
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from rich.cells import cell_len

from exports.result import Cell, Column, Kind, StoredResult
from orchestration.cli.report.output import print_table
from orchestration.cli.terminal import Terminal, printable, write_line
from tests.support.results import a_result

CLI = Path(__file__).resolve().parents[3] / "orchestration" / "cli"
EVIL = "A\x1b[31mB\x1b]0;title\x07C\x9b2JD\u202eE\u2066F\x00G\rH"
MEASURES = tuple(
    Column(f"{group}: {name}", kind, group)
    for group in ("Clients - Active", "Clients - All", "Balance Refill", "Packages")
    for name, kind in (("Qty", Kind.COUNT), ("Total", Kind.MONEY), ("Balance Neg", Kind.MONEY))
)
MONTHS = (Column("Month", Kind.MONTH), *MEASURES)


def months(count: int) -> StoredResult:
    rows: list[tuple[Cell, ...]] = []
    for number in range(count):
        cells: tuple[Cell, ...] = (number, Decimal("1234567.8901") + number, Decimal("-99999.5000"))
        rows.append((date(2020 + number // 12, number % 12 + 1, 1), *(cells * 4)))
    return a_result(tuple(rows), columns=MONTHS, has_total=False)


def shown(
    result: StoredResult, width: int, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
) -> str:
    patch.setenv("COLUMNS", str(width))
    print_table(result)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 132, 240])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_wide_result_fits_the_terminal_and_no_cell_is_cut(
    width: int, count: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = months(count)
    text = shown(result, width, capsys, monkeypatch)
    assert max(map(cell_len, text.splitlines())) <= width
    for row in result.rows:
        assert isinstance(row[0], date) and f"{row[0]:%Y-%m}" in text
        assert text.count(f"{row[2]:,.4f}") == 4
    for column in MEASURES:
        assert column.group in text and column.label_in_group in text


def test_few_rows_stand_side_by_side_and_many_one_below_the_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = shown(months(3), 80, capsys, monkeypatch).splitlines()
    assert sum("2020-01" in line for line in few) == 1
    many = shown(months(24), 80, capsys, monkeypatch).splitlines()
    assert sum(line.startswith("2020-01") for line in many) == 4
    assert sum(line.startswith("Month") for line in many) == 4


def test_rows_that_share_a_name_are_told_one_by_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = (
        Column("Item", Kind.TEXT),
        Column("Value", Kind.COUNT),
        *(Column(head, Kind.TEXT) for head in ("User", "Type", "Fact")),
        Column("From", Kind.TIMESTAMP),
    )
    since = datetime(2026, 1, 1, tzinfo=UTC)
    rows = (("Staff", 2, None, None, None, None), ("Staff", None, "Ann", "staff", "was enabled " * 9, since))
    result = a_result(rows, columns=columns, has_total=False)
    text = shown(result, 80, capsys, monkeypatch)
    assert max(map(cell_len, text.splitlines())) <= 80
    assert "Value: 2" in text and "User: Ann; Type: staff; Fact: was enabled" in text
    assert "Fact" in shown(result, 240, capsys, monkeypatch).splitlines()[4], "where it fits it is a table"


def test_a_name_from_a_source_neither_steers_the_terminal_nor_bears_a_style(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = (Column("Package Name", Kind.TEXT), Column("Qty", Kind.COUNT))
    rows = ((EVIL, 1), ("[red]Gold[/red] :smile:\nsubdyn: done", 2))
    for width in (20, 80):
        text = shown(a_result(rows, columns=columns, has_total=False), width, capsys, monkeypatch)
        assert text == printable(text)
    assert "[red]Gold[/red] :smile: subdyn: done" in text


def test_whatever_is_printed_is_made_printable(capsys: pytest.CaptureFixture[str]) -> None:
    message = "A\ufffd[31mB\ufffd]0;title\ufffdC\ufffd2JD\ufffdE\ufffdF\ufffdG\ufffdH"
    write_line(EVIL)
    Terminal().print(EVIL, soft_wrap=True, markup=False)
    assert capsys.readouterr().out.splitlines() == [message, message]
    write_line("\udcff", sys.stderr)
    assert capsys.readouterr().err == "\ufffd\n"


def test_nothing_of_the_command_line_writes_past_the_terminal() -> None:
    past = [
        f"{path.relative_to(CLI)}:{node.lineno}"
        for path in CLI.rglob("*.py")
        if path.name != "terminal.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id in ("print", "Console")
    ]
    assert past == []
