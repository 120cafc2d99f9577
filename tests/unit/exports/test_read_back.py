"""Random results in every format, read back by another library and compared with the result cell for cell.

What a format cannot hold is a rule here: no value and empty text are the same in all but JSON and
Parquet; line ends are line feeds and control characters U+FFFD in workbooks and pages; spreadsheets hold
numbers as floats, instants to the second, days from March 1900 on, and text of 32,767 characters.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
import xlrd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exports.charts.definition import Chart
from exports.render import FORMATS, find_renderer
from exports.render.csv import FORMULA_STARTS
from exports.render.sheet import FIRST_DATE, storable
from exports.result import Cell, Column, Kind, StoredResult, key_column_count, written
from tests.support.results import COLUMNS, a_result

NASTY = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "'=1", "", " ", "_x000D_", "_x0041_",
    "a\r\nb\rc\nd",
    "<b>&amp;\"'</b>", "</td><script>alert(1)</script>", "]]>", "\x00\x01\x1f",
    "\ufffe\uffff",
    "Золотой пакет", "الباقة الذهبية", "黄金套餐", "골드", "👩‍👩‍👧", "Total",
    "null", "None", "NaN", "1e5", "007", "TRUE",
    "{{ 7*7 }}", "{% raw %}", "x" * 40_000,
)  # fmt: skip
texts = st.one_of(st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
money = st.integers(-(10**15), 10**15).map(lambda units: Decimal(units).scaleb(-4))
instants = st.builds(
    lambda at, minutes: at.replace(tzinfo=timezone(timedelta(minutes=minutes)), microsecond=0),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - the zone is put on
    st.sampled_from((-570, -60, 0, 60, 345, 825)),
)
months = st.dates(date(1700, 1, 1), date(2200, 12, 31)).map(lambda day: day.replace(day=1))
CELLS: dict[Kind, st.SearchStrategy[Cell]] = {
    Kind.TEXT: texts,
    Kind.YEAR: st.integers(1700, 2200),
    Kind.QUARTER: months.map(lambda day: day.replace(month=day.month - (day.month - 1) % 3)),
    Kind.WEEK: st.dates(date(1700, 1, 4), date(2200, 12, 31)).map(
        lambda day: day - timedelta(days=day.weekday())
    ),
    Kind.DATE: st.dates(date(1700, 1, 1), date(2200, 12, 31)),
    Kind.MONTH: months,
    Kind.NAMED_MONTH: months,
    Kind.TIMESTAMP: instants,
    Kind.COUNT: st.integers(-(2**53), 2**53),
    Kind.MONEY: money,
    Kind.RATIO: money,
}
KEYS = (Kind.TEXT, Kind.YEAR, Kind.QUARTER, Kind.MONTH, Kind.NAMED_MONTH, Kind.WEEK, Kind.DATE)
MEASURES = (Kind.COUNT, Kind.MONEY, Kind.RATIO, Kind.TIMESTAMP, Kind.TEXT)


@st.composite
def results(draw: st.DrawFn) -> StoredResult:
    """A result of any columns, with rows or a message, a Total or none, words where numbers are expected."""
    kinds = [
        *draw(st.lists(st.sampled_from(KEYS), max_size=2)),
        draw(st.sampled_from(MEASURES[:3])),
        *draw(st.lists(st.sampled_from(MEASURES), max_size=4)),
    ]
    currency = draw(st.sampled_from(("USD", "JPY", "KWD", None)))
    columns = []
    for number, kind in enumerate(kinds):
        group = draw(st.sampled_from(("", "Group A", "Packages")))
        label = f"{group + ': ' if group else ''}Head {number}"
        columns.append(Column(label, kind, group, currency if kind in (Kind.MONEY, Kind.RATIO) else None))
    if draw(st.integers(0, 5)) == 0:
        return a_result((), draw(texts.filter(bool)), columns=tuple(columns))
    mixed = draw(st.sampled_from((None, None, None, *range(len(kinds)))))
    cells = [
        st.one_of(st.none(), CELLS[kind], *([texts] if number == mixed else []))
        for number, kind in enumerate(kinds)
    ]
    rows = draw(st.lists(st.tuples(*cells), min_size=1, max_size=6))
    keys = key_column_count(columns)
    if keys and draw(st.booleans()):
        rows.append(("Total", *([None] * (keys - 1)), *draw(st.tuples(*cells))[keys:]))
        return a_result(tuple(rows), columns=tuple(columns), has_total=True)
    return a_result(tuple(rows), columns=tuple(columns), has_total=False)


def rendered(format_name: str, result: StoredResult) -> bytes:
    stream = io.BytesIO()
    find_renderer(format_name)(result, stream)
    return stream.getvalue()


def words(result: StoredResult) -> list[list[str]]:
    """The rows as they are written where there are no types."""
    kinds = [column.kind for column in result.columns]
    return [[written(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in result.rows]


def checked(test: Any) -> Any:
    """The test with random results."""
    many = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    every_text = a_result(
        tuple((date(1899, 12, 31), text, None, Decimal("-0.0001"), None) for text in NASTY), has_total=False
    )
    return many(given(results())(example(a_result())(example(every_text)(test))))


@checked
def test_csv_holds_every_cell_of_the_result(result: StoredResult) -> None:
    read = list(csv.reader(io.StringIO(rendered("csv", result).decode(), newline="")))
    assert read[0] == [column.label for column in result.columns]

    def made_safe(cell: Cell, text: str) -> str:
        is_run = isinstance(cell, str) and text.lstrip(" ").startswith(FORMULA_STARTS)
        return f"'{text}" if is_run else text

    expected = [
        [made_safe(cell, text) for cell, text in zip(row, output, strict=True)]
        for row, output in zip(result.rows, words(result), strict=True)
    ]
    if result.message is not None:
        expected.append([made_safe(result.message, result.message)])
    assert read[1:] == expected


@checked
def test_json_holds_every_cell_of_the_result(result: StoredResult) -> None:
    document = json.loads(rendered("json", result))
    kinds = [column.kind for column in result.columns]
    assert document["rows"] == [
        [
            cell if cell is None or isinstance(cell, int) else written(cell, kind)
            for cell, kind in zip(row, kinds, strict=True)
        ]
        for row in result.rows
    ]
    assert document["message"] == result.message


def in_a_sheet(cell: Cell, kind: Kind) -> Any:
    """What a spreadsheet holds for the cell."""
    if isinstance(cell, str):
        return storable(cell) or None
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    if isinstance(cell, date):
        if kind in (Kind.QUARTER, Kind.WEEK):
            return written(cell, kind)
        if cell < FIRST_DATE:
            return cell.isoformat()
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - a sheet knows no zones
    return cell


def sheet_rows(result: StoredResult) -> list[list[Any]]:
    kinds = [column.kind for column in result.columns]
    rows = [[in_a_sheet(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in result.rows]
    if result.message is not None:
        rows.append([in_a_sheet(result.message, Kind.TEXT), *([None] * (len(kinds) - 1))])
    return rows


def first_row(result: StoredResult) -> int:
    """The first row below the heads, from 0: three lines above, an empty one, one or two of heads."""
    return 5 + any(column.group for column in result.columns)


@checked
def test_xlsx_holds_every_cell_of_the_result(result: StoredResult) -> None:
    book = openpyxl.load_workbook(io.BytesIO(rendered("xlsx", result)))
    sheet: Any = book["Customer Dynamics"]
    read = [list(row) for row in sheet.iter_rows(min_row=first_row(result) + 1, max_col=len(result.columns))]
    expected = sheet_rows(result)
    read += [[None] * len(result.columns)] * (len(expected) - len(read))
    values = [[None if cell is None else unescaped(cell.value) for cell in row] for row in read]
    assert values == expected
    assert not [cell for row in read for cell in row if cell is not None and cell.data_type == "f"]


def unescaped(value: Any) -> Any:
    """As a spreadsheet reads it: openpyxl leaves the escape of an underscore in texts written in place."""
    return value.replace("_x005F_", "_") or None if isinstance(value, str) else value


def test_a_text_too_long_for_a_cell_is_cut_and_says_how_long_it_was() -> None:
    # two places of a cell each; xlrd cannot read what xlwt writes of them across two records
    text = "👩" * 20_000
    result = a_result(((None, text, 1, None, None),), has_total=False)
    cell = openpyxl.load_workbook(io.BytesIO(rendered("xlsx", result)))["Customer Dynamics"]["B7"].value
    assert len(cell.encode("utf-16-le")) <= 2 * 32_767
    assert cell.startswith("👩" * 16_000) and cell.endswith("👩 … (cut: 20000 characters)")
    (_, row) = csv.reader(io.StringIO(rendered("csv", result).decode(), newline=""))
    assert row[1] == text, "whole where there is room"


@checked
def test_xls_holds_every_cell_of_the_result(result: StoredResult) -> None:
    book = xlrd.open_workbook(file_contents=rendered("xls", result))
    sheet = book.sheet_by_name("Customer Dynamics")
    expected = sheet_rows(result)
    read = []
    for number in range(first_row(result), sheet.nrows):
        cells = sheet.row(number)[: len(result.columns)]
        read.append([xls_value(cell, book) for cell in cells] + [None] * (len(result.columns) - len(cells)))
    read += [[None] * len(result.columns)] * (len(expected) - len(read))
    assert read == expected


def xls_value(cell: Any, book: Any) -> Any:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return None
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, book.datemode)
    assert cell.ctype in (xlrd.XL_CELL_TEXT, xlrd.XL_CELL_NUMBER)
    return cell.value or None if cell.ctype == xlrd.XL_CELL_TEXT else cell.value


class Page(HTMLParser):
    """The cells of the first table's body, and what else the page says or asks for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.message: str | None = None
        self.links: list[str] = []
        self._place: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.links += [f"{tag} {name}" for name in found if name in ("src", "href", "action", "style")]
        self._place.append((tag, found))
        if tag == "section" and found.get("id") != "result":
            self._place.append(("further", {}))
        if any(name == "further" for name, _ in self._place):
            return
        if tag == "tr" and any(name == "tbody" for name, _ in self._place):
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append(found.get("data-value") or "")
        if tag == "p" and found.get("id") == "message":
            self.message = ""

    def handle_endtag(self, tag: str) -> None:
        while self._place and self._place.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, attrs = self._place[-1] if self._place else ("", {})
        if any(name == "further" for name, _ in self._place):
            return
        if tag == "td" and "data-value" not in attrs:
            self.rows[-1][-1] += data
        if tag == "p" and attrs.get("id") == "message":
            self.message = (self.message or "") + data


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "main", "section", "div",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
NOT_IN_PAGES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def in_a_page(text: str) -> str:
    return NOT_IN_PAGES.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


@checked
def test_html_holds_every_cell_of_the_result(result: StoredResult) -> None:
    page = Page(rendered("html", result).decode())
    assert page.rows == [[in_a_page(text) for text in row] for row in words(result)]
    assert page.message == (None if result.message is None else in_a_page(result.message))
    assert page.tags <= ALLOWED, "no text becomes a tag"
    assert page.links == [], "nothing is fetched, nothing is run"


@checked
def test_parquet_holds_every_cell_of_the_result(result: StoredResult) -> None:
    read = pq.read_table(io.BytesIO(rendered("parquet", result)))
    assert read.column_names == [*(column.label for column in result.columns), "Is Total"]
    columns = [read.column(number).to_pylist() for number in range(len(result.columns) + 1)]
    rows = list(zip(*columns, strict=True))
    totals = [False] * len(result.rows)
    if result.has_total:
        totals[-1] = True
    assert [row[-1] for row in rows] == totals
    for row, stored in zip(rows, result.rows, strict=True):
        for number, cell in enumerate(stored):
            kind = result.columns[number].kind
            is_text = str(read.schema.types[number]) == "string"
            is_word_of_total = row[-1] and number == 0 and not is_text
            expected = None if is_word_of_total else cell
            if is_text and cell is not None:
                expected = written(cell, kind)
            if isinstance(expected, datetime):
                expected = expected.astimezone(UTC)
            assert row[number] == expected
    metadata = read.schema.metadata
    assert json.loads(metadata[b"info"])["Report"] == "Customer Dynamics"
    assert metadata.get(b"message") == (None if result.message is None else result.message.encode())


def test_parquet_is_typed() -> None:
    columns = (
        Column("Month", Kind.MONTH), Column("Date", Kind.DATE), Column("Year", Kind.YEAR),
        Column("Name", Kind.TEXT), Column("Qty", Kind.COUNT), Column("Total", Kind.MONEY, "", "USD"),
        Column("Avg", Kind.RATIO, "", "USD"), Column("When", Kind.TIMESTAMP),
    )  # fmt: skip
    moment = datetime(2026, 3, 29, 3, tzinfo=timezone(timedelta(hours=3)))
    first = (date(2026, 3, 1), date(2026, 3, 2), 2026, "x", 1, Decimal("1.5000"), None, moment)
    total = ("Total", None, None, None, 1, Decimal("1.5000"), None, None)
    read = pq.read_table(io.BytesIO(rendered("parquet", a_result((first, total), columns=columns))))
    assert [str(kind) for kind in read.schema.types] == [
        "date32[day]", "date32[day]", "int64", "string", "int64", "decimal128(38, 4)", "decimal128(38, 4)",
        "timestamp[us, tz=UTC]", "bool",
    ]  # fmt: skip
    assert read.schema.field("Total").metadata[b"currency"] == b"USD"
    assert read.column("When").to_pylist()[0] == datetime(2026, 3, 29, tzinfo=UTC)


@checked
def test_a_frame_holds_every_cell_but_those_of_the_total(result: StoredResult) -> None:
    frame = result.to_frame()
    assert list(frame.columns) == [column.label for column in result.columns]
    rows = result.rows[:-1] if result.has_total else result.rows
    assert len(frame) == len(rows)
    for number, column in enumerate(result.columns):
        read = frame.iloc[:, number].array.__arrow_array__().to_pylist()
        cells = [row[number] for row in rows]
        if any(isinstance(cell, str) for cell in cells):
            cells = [None if cell is None else written(cell, column.kind) for cell in cells]
        assert read == cells


def test_a_frame_is_typed_and_adds_up_to_the_total_in_decimals() -> None:
    frame = a_result().to_frame()
    assert [str(kind) for kind in frame.dtypes] == [
        "date32[day][pyarrow]", "string[pyarrow]", "int64[pyarrow]", "decimal128(38, 4)[pyarrow]",
        "decimal128(38, 4)[pyarrow]",
    ]  # fmt: skip
    assert sum(frame["Balance Refill: Total"].to_list()) == Decimal("1234.0000")
    assert frame.attrs["data_through"] == {"billing": "2026-02-01T00:00:00+00:00"}


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_format_without_pictures_takes_a_chart_all_the_same(format_name: str) -> None:
    chart = Chart.read({"columns": ["Balance Refill: Total"]})
    stream = io.BytesIO()
    find_renderer(format_name)(a_result(columns=COLUMNS), stream, chart)
    assert stream.getvalue()
