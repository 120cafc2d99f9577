"""XLS, as Excel 97 to 2003 read it, by xlwt: the one library that writes it.

Typed cells, heads in groups, frozen; one sheet holds 65,536 rows of 256 columns, and what does not fit is
refused. Charts are for XLSX: xlwt draws none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

import xlwt

from exports.errors import InvalidParameter
from exports.render.info import heading_lines, info_lines
from exports.render.sheet import (
    FILTER_BUTTON,
    PADDING,
    PLAIN_FORMATS,
    as_text,
    days_of,
    group_spans,
    line_count,
    number_format,
    sheet_names,
    storable,
    widths,
    with_labels,
)
from exports.result import Cell, Column, Kind, StoredResult, Table, key_column_count

if TYPE_CHECKING:
    from exports.charts.definition import Chart

MOST_ROWS, MOST_COLUMNS = 65_536, 256
# A width is given in parts of a letter, a height in parts of a point.
PARTS_OF_A_LETTER, PARTS_OF_A_POINT = 256, 20
LINE_HEIGHT = 15
A4 = 9
INFO_WIDTH = 70
LONGEST_FOOTER = 100
TITLE = "font: name Calibri, bold on, height 280"
MUTED = "font: name Calibri, color gray50"
PLAIN = "font: name Calibri"
BOLD = "font: name Calibri, bold on"
HEAD = (
    f"{BOLD}; align: horiz center, vert center, wrap on; pattern: pattern solid, fore_colour ice_blue;"
    " borders: left thin, right thin, top thin, bottom thin"
)
TOTAL = f"{BOLD}; borders: top thin"
AS_TEXT = "align: horiz left, vert top, wrap on"
AS_NUMBER = "align: vert top"


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write the workbook: the report's sheet, one for each further table, the Info. The stream stays open.

    Raises InvalidParameter where a sheet cannot hold the result.
    """
    del chart
    title, *asked = heading_lines(result)
    main = Table(result.title, result.columns, result.rows)
    tables = [with_labels(table) for table in (main, *result.details)]
    for table in tables:
        _check_size(table, len(asked) + 4)
    book = xlwt.Workbook(encoding="utf-8")
    *names, info = sheet_names([*(table.title for table in tables), "Info"])
    for table, name in zip(tables, names, strict=True):
        is_main = table is tables[0]
        sheet = book.add_sheet(name)
        heading = [title if is_main else table.title, *asked]
        next_row = _write_table(sheet, table, heading, is_main and result.has_total)
        if is_main and result.message is not None:
            sheet.write(next_row, 0, storable(result.message), xlwt.easyxf(PLAIN))
    _write_info(book.add_sheet(info), info_lines(result))
    book.save(stream)


def _check_size(table: Table, rows_above: int) -> None:
    rows, columns = len(table.rows) + rows_above, len(table.columns)
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise InvalidParameter(
            "format",
            f"format xls: a sheet holds {MOST_ROWS:,} rows of {MOST_COLUMNS} columns, heads included;"
            f" the result has {len(table.rows):,} of {columns:,}; use xlsx, csv or parquet",
        )


def _write_table(sheet: xlwt.Worksheet, table: Table, heading: Sequence[str], has_total: bool) -> int:
    """Heading, heads and rows; the number of the row below."""
    columns = table.columns
    fitting = widths(columns, table.rows)
    for number, width in enumerate(fitting):
        sheet.col(number).width = int(width * PARTS_OF_A_LETTER)
    for number, line in enumerate(heading):
        sheet.write(number, 0, storable(line), xlwt.easyxf(MUTED if number else TITLE))
    row_number = len(heading) + 1
    head = xlwt.easyxf(HEAD)
    if any(column.group for column in columns):
        spans = dict(group_spans(columns))
        covered = {number for first, last in spans.items() for number in range(first + 1, last + 1)}
        for number, column in enumerate(columns, start=1):
            content = storable(column.group)
            if number in spans:
                sheet.write_merge(row_number, row_number, number - 1, spans[number] - 1, content, head)
            elif number not in covered:
                sheet.write(row_number, number - 1, content, head)
        row_number += 1
    lines = max(
        line_count(column.label_in_group, width - FILTER_BUTTON)
        for column, width in zip(columns, fitting, strict=True)
    )
    sheet.row(row_number).height_mismatch = True
    sheet.row(row_number).height = lines * LINE_HEIGHT * PARTS_OF_A_POINT
    for number, column in enumerate(columns):
        sheet.write(row_number, number, storable(column.label_in_group), head)
    row_number += 1
    sheet.set_panes_frozen(True)
    sheet.set_horz_split_pos(row_number)
    sheet.set_vert_split_pos(max(1, key_column_count(columns)))
    _fit_to_print(sheet, table.title)
    cells = _Cells(columns)
    last = row_number + len(table.rows) - 1
    for row in table.rows:
        for number, cell in enumerate(row):
            cells.write(sheet, row_number, number, cell, has_total and row_number == last)
        row_number += 1
    return row_number


def _fit_to_print(sheet: xlwt.Worksheet, title: str) -> None:
    sheet.portrait = False
    sheet.paper_size_code = A4
    sheet.fit_num_pages = 1
    sheet.fit_width_to_pages = 1
    sheet.fit_height_to_pages = 0
    sheet.header_str = b""
    content = storable(title).replace("&", "&&").encode("utf-8")[:LONGEST_FOOTER].decode("utf-8", "ignore")
    sheet.footer_str = f"&L{content}&C&P / &N".encode()


class _Cells:
    """Writes cells in their styles, of which a workbook holds few: each is made once."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._keys = key_column_count(columns)
        self._styles: dict[tuple[str, bool, bool], xlwt.XFStyle] = {}

    def write(self, sheet: xlwt.Worksheet, row: int, number: int, cell: Cell, is_total: bool) -> None:
        column = self._columns[number]
        words = as_text(cell)
        if words is not None:
            sheet.write(row, number, words, self._style(PLAIN_FORMATS[Kind.TEXT], True, is_total))
            return
        is_text = number < self._keys or column.kind is Kind.TEXT
        if cell is None and not is_total:
            return
        style = self._style(number_format(cell, column), is_text, is_total)
        sheet.write(row, number, days_of(cell) if isinstance(cell, date) else cell, style)

    def _style(self, shown_as: str, is_text: bool, is_total: bool) -> xlwt.XFStyle:
        key = (shown_as, is_text, is_total)
        if key not in self._styles:
            look = f"{TOTAL if is_total else PLAIN}; {AS_TEXT if is_text else AS_NUMBER}"
            self._styles[key] = xlwt.easyxf(look, num_format_str=shown_as)
        return self._styles[key]


def _write_info(sheet: xlwt.Worksheet, lines: Sequence[tuple[str, str]]) -> None:
    sheet.col(0).width = (max(len(label) for label, _ in lines) + PADDING) * PARTS_OF_A_LETTER
    sheet.col(1).width = INFO_WIDTH * PARTS_OF_A_LETTER
    name, content = xlwt.easyxf(f"{BOLD}; {AS_NUMBER}"), xlwt.easyxf(f"{PLAIN}; {AS_TEXT}")
    for number, (label, value) in enumerate(lines):
        sheet.write(number, 0, storable(label), name)
        sheet.write(number, 1, storable(value), content)
