"""Workbooks, opened again: every cell of the stored result, typed, readable and ready to be sent."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlrd

from exports.errors import InvalidParameter
from exports.render import find_renderer
from exports.result import Cell, Column, Kind, StoredResult, Table
from tests.support.results import COLUMNS, ROWS, a_result

FIRST_HEAD, LAST_HEAD = 5, 6


def opened(result: StoredResult) -> openpyxl.Workbook:
    stream = io.BytesIO()
    find_renderer("xlsx")(result, stream)
    return openpyxl.load_workbook(stream)


def sheet_of(result: StoredResult) -> Any:
    return opened(result)["Customer Dynamics"]


def stored_as(cell: Cell) -> Any:
    """What a workbook gives back for a cell of the stored result."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
    return float(cell) if isinstance(cell, Decimal) else cell


def shown(cell: Any) -> str:
    """The cell as a spreadsheet shows it, by its value and number format."""
    if cell.value is None:
        return ""
    if isinstance(cell.value, datetime):
        literal = cell.number_format.partition('"')[2].rstrip('"')
        return f"{cell.value:%Y-%m-%d %H:%M:%S}{literal}" if "hh" in cell.number_format else "2026-01-01"
    if isinstance(cell.value, (int, float)):
        decimals = len(cell.number_format.partition(".")[2])
        return f"{cell.value:,.{decimals}f}"
    return cell.value


def test_above_the_table_stand_title_interval_currency_and_filters():
    lines = [row[0].value for row in sheet_of(a_result()).iter_rows(max_row=FIRST_HEAD - 1)]
    assert lines == [
        "Customer Dynamics",
        "2026-01-01 .. 2026-01-01, Europe/Berlin  ·  Data through: 2026-02-01 01:00:00+01:00",
        "Tags: gold, new  ·  Currency: USD",
        None,
    ]


def test_heads_stand_in_two_lines_below_those_of_their_groups():
    sheet = sheet_of(a_result())
    assert [cell.value for cell in sheet[FIRST_HEAD]] == [None, None, "Clients - All", "Balance Refill", None]
    assert [cell.value for cell in sheet[LAST_HEAD]] == ["Date", "Package Name", "Qty", "Total", "Avg"]
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["D5:E5"]


def test_every_cell_of_the_result_is_there_typed_and_exact():
    sheet = sheet_of(a_result())
    assert (sheet.max_row, sheet.max_column) == (LAST_HEAD + len(ROWS), len(COLUMNS))
    cells = list(sheet.iter_rows(min_row=LAST_HEAD + 1))
    assert [[cell.value for cell in row] for row in cells] == [
        [stored_as(cell) for cell in row] for row in ROWS
    ]
    first = cells[0]
    assert first[0].number_format == "yyyy-mm-dd"
    assert first[1].value == "=1+1" and first[1].data_type == "s"
    assert first[2].number_format == "#,##0"
    assert all(cell.font.bold for cell in cells[-1]) and not first[2].font.bold


@pytest.mark.parametrize(
    ("currency", "number_format"),
    [("JPY", "#,##0"), ("USD", "#,##0.00"), ("KWD", "#,##0.000"), ("CLF", "#,##0.0000")],
)
def test_an_amount_shows_its_currencys_decimals_and_keeps_all_of_its_own(currency: str, number_format: str):
    columns = (Column("Refill: Total", Kind.MONEY, "Refill", currency),)
    cell = sheet_of(a_result(((Decimal("1234.5678"),),), columns=columns, has_total=False))["A7"]
    assert (cell.value, cell.number_format) == (1234.5678, number_format)


def test_months_are_dates_that_show_as_months():
    columns = (Column("Month", Kind.MONTH), Column("Since", Kind.NAMED_MONTH), Column("Qty", Kind.COUNT))
    sheet = sheet_of(a_result(((date(2026, 1, 1), date(2008, 12, 1), 1),), columns=columns))
    month, since, _ = sheet[LAST_HEAD]
    assert (month.value, month.number_format) == (datetime(2026, 1, 1), "yyyy-mm")  # noqa: DTZ001
    assert (since.value, since.number_format) == (datetime(2008, 12, 1), "[$-409]mmm yyyy")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("offset", "message"),
    [
        (timedelta(hours=5, minutes=45), "+05:45"),
        (-timedelta(hours=3, minutes=30), "-03:30"),
        (timedelta(), "+00:00"),
    ],
)
def test_an_instant_shows_its_distance_from_utc(offset: timedelta, message: str):
    when = datetime(2026, 11, 3, 14, 2, 5, tzinfo=timezone(offset))
    columns = (Column("Subscriber", Kind.TEXT), Column("When", Kind.TIMESTAMP))
    cell = sheet_of(a_result((("Acme", when),), columns=columns, has_total=False))["B6"]
    assert cell.value == datetime(2026, 11, 3, 14, 2, 5)  # noqa: DTZ001
    assert cell.number_format == f'yyyy-mm-dd hh:mm:ss" {message}"' and cell.is_date


def test_no_number_or_moment_is_wider_than_its_column():
    when = datetime(2026, 11, 3, 14, 2, 5, tzinfo=timezone(timedelta(hours=13, minutes=45)))
    columns = (
        Column("Name", Kind.TEXT),
        Column("When", Kind.TIMESTAMP),
        Column("On", Kind.DATE),
        Column("Qty", Kind.COUNT),
        Column("Total", Kind.MONEY, "", "KWD"),
        Column("Avg", Kind.RATIO),
    )
    row = ("long " * 60, when, when.date(), 12345678901, Decimal("-123456789012.3456"), Decimal("-0.1234"))
    sheet = sheet_of(a_result((row,), columns=columns))
    for cell in sheet[LAST_HEAD]:
        width = sheet.column_dimensions[cell.column_letter].width
        assert cell.alignment.wrap_text or len(shown(cell)) < width, cell.coordinate
        assert width < 50


def test_heads_stay_in_sight_and_can_be_filtered():
    sheet = sheet_of(a_result())
    assert sheet.freeze_panes == "C7"
    assert sheet.auto_filter.ref == "A6:E9", "the Total is no row to filter or sort"
    assert sheet_of(a_result(columns=COLUMNS[2:], rows=((1, Decimal(1), None),))).freeze_panes == "B7"


def test_a_printout_is_landscape_as_wide_as_the_page_with_heads_on_each():
    sheet = sheet_of(a_result())
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$5:$6"
    assert "&P" in sheet.oddFooter.center.text


def test_the_info_on_its_own_sheet_names_nothing_twice():
    lines = [(label.value, value.value) for label, value in opened(a_result())["Info"].iter_rows()]
    info = dict(lines)
    assert len(info) == len(lines)
    assert info["Tags"] == "gold, new"
    assert info["Company id"] == "all"
    assert info["Interval"] == "2026-01-01 .. 2026-01-01, Europe/Berlin"
    assert info["Data Interval"] == "2026-01-01 00:00:00+01:00 .. 2026-01-02 00:00:00+01:00"
    assert info["Data through (billing)"] == "2026-02-01 01:00:00+01:00"
    assert info["Generated by"] == "ann, analyst, company 3 and below"
    assert info["Duration"] == "0.250 s"
    named = a_result(parameters={"interval": "last-month", "time_zone": "Europe/Berlin"})
    lines = [(label.value, value.value) for label, value in opened(named)["Info"].iter_rows()]
    assert ("Interval name", "last-month") in lines and len(dict(lines)) == len(lines)


def test_further_tables_have_sheets_of_their_own_and_no_text_breaks_the_file():
    table = Table("What: [when]/who", (Column("Name", Kind.TEXT),), (("a\x00b",),))
    book = opened(a_result(details=(table,)))
    assert book.sheetnames == ["Customer Dynamics", "What   when  who", "Info"]
    sheet = book["What   when  who"]
    assert [sheet[f"A{row}"].value for row in (1, 5, 6)] == ["What: [when]/who", "Name", "a\ufffdb"]


def test_an_empty_result_has_heads_and_a_message():
    sheet = sheet_of(a_result((), "No data"))
    assert [cell.value for cell in sheet[LAST_HEAD]] == ["Date", "Package Name", "Qty", "Total", "Avg"]
    assert sheet["A7"].value == "No data"
    assert sheet.auto_filter.ref is None


@pytest.mark.parametrize(
    ("format_name", "count", "message"),
    [
        ("xlsx", 1_048_570, "a sheet holds 1,048,576 rows, heads included; the result has 1,048,570;"),
        (
            "xls",
            65_531,
            "a sheet holds 65,536 rows of 256 columns, heads included; the result has 65,531 of 1;",
        ),
    ],
)
def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(
    format_name: str, count: int, message: str
):
    columns = (Column("Qty", Kind.COUNT),)
    rows = ((1,),) * count
    stream = io.BytesIO()
    with pytest.raises(InvalidParameter, match=re.escape(message)):
        find_renderer(format_name)(a_result(rows, columns=columns), stream)
    assert not stream.getvalue()


def test_more_columns_than_an_xls_holds_are_refused():
    columns = tuple(Column(f"Head {number}", Kind.COUNT) for number in range(257))
    with pytest.raises(
        InvalidParameter, match=r"format xls: .* the result has 1 of 257; use xlsx, csv or parquet"
    ):
        find_renderer("xls")(a_result((tuple(range(257)),), columns=columns), io.BytesIO())


def test_an_xls_is_ready_to_be_sent():
    stream = io.BytesIO()
    find_renderer("xls")(a_result(), stream)
    book: Any = xlrd.open_workbook(file_contents=stream.getvalue(), formatting_info=True)
    assert book.sheet_names() == ["Customer Dynamics", "Info"]
    sheet = book.sheet_by_index(0)
    formats = [book.format_map[book.xf_list[cell.xf_index].format_key].format_str for cell in sheet.row(6)]
    assert formats[:4] == ["yyyy-mm-dd", "@", "#,##0", "#,##0.00"]
    assert sheet.merged_cells == [(4, 5, 3, 5)]
    style = sheet.cell(9, 3).xf_index
    total = book.xf_list[style]
    assert book.font_list[total.font_index].bold
    info = book.sheet_by_name("Info")
    assert ("Generated by", "ann, analyst, company 3 and below") in [
        tuple(info.row_values(n)) for n in range(info.nrows)
    ]
