"""XLSX to be sent: typed cells, heads in groups, frozen and repeated, fitted to the page, and the Info."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties

from exports.currencies import decimals_of
from exports.render.info import heading_lines, info_lines
from exports.result import Cell, Column, Kind, StoredResult, Table, key_column_count

CREATOR = "Subscriber Dynamics"
PLAIN_FORMATS = {
    Kind.TEXT: "@",
    Kind.YEAR: "0",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MONTH: "yyyy-mm",
    # in English whatever the reader's language, as the label is a name that people know
    Kind.NAMED_MONTH: "[$-409]mmm yyyy",
    Kind.TIMESTAMP: "yyyy-mm-dd hh:mm:ss",
    Kind.COUNT: "#,##0",
}
# Where no currency tells how many an amount has.
EXACT_DECIMALS = 4

# A font without a name is another one in every program.
FONT = "Calibri"
TITLE = Font(name=FONT, bold=True, size=14)
BOLD = Font(name=FONT, bold=True)
MUTED = Font(name=FONT, color="FF555555")
HEAD_FILL = PatternFill("solid", fgColor="FFDCE6F1")
EDGE = Side(style="thin", color="FF9AA5B1")
HEAD_BORDER = Border(left=EDGE, right=EDGE, top=EDGE, bottom=EDGE)
TOTAL_BORDER = Border(top=Side(style="thin", color="FF000000"))
HEAD_ALIGNMENT = Alignment(horizontal="center", vertical="center", wrap_text=True)
NUMBER_ALIGNMENT = Alignment(vertical="top")
# a text beside a number would touch it
TEXT_ALIGNMENT = Alignment(vertical="top", horizontal="left", indent=1, wrap_text=True)
KEY_ALIGNMENT = Alignment(vertical="top", horizontal="left", wrap_text=True)

SHEET_NAME_LENGTH = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
NARROWEST_COLUMN, WIDEST_COLUMN = 7, 42
FILTER_BUTTON, PADDING = 3, 2
LINE_HEIGHT = 15.0
A4 = 9


def render(result: StoredResult, stream: BinaryIO) -> None:
    """Write the workbook: the report's sheet, one for each further table, then Info.

    A result without rows shows its message under the heads. The stream stays open.
    """
    book = Workbook(write_only=True)
    book.properties.title = result.title
    book.properties.creator = CREATOR
    title, *asked = heading_lines(result)
    table = Table(result.title, result.columns, result.rows)
    grid = _write_table(book, table, [title, *asked], result.result_id, result.has_total)
    if result.message is not None:
        grid.append([_text(grid, result.message)])
    for table in result.details:
        _write_table(book, table, [table.title, *asked], result.result_id, has_total=False)
    _write_info(book.create_sheet("Info"), info_lines(result))
    book.save(stream)


def _write_table(
    book: Workbook, table: Table, heading: Sequence[str], result_id: str, has_total: bool
) -> Any:
    """The heading, an empty line, the heads in one line or two, and the rows."""
    columns, rows = table.columns, table.rows
    sheet: Any = book.create_sheet(NOT_IN_SHEET_NAMES.sub(" ", table.title)[:SHEET_NAME_LENGTH])
    head_lines = 2 if any(column.group for column in columns) else 1
    first_head = len(heading) + 2
    last_head = first_head + head_lines - 1
    last_column = get_column_letter(len(columns))
    widths = [_width(column, [row[number] for row in rows]) for number, column in enumerate(columns)]
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.row_dimensions[last_head].height = LINE_HEIGHT * max(
        _line_count(column.label_in_group, width - FILTER_BUTTON)
        for column, width in zip(columns, widths, strict=True)
    )
    sheet.freeze_panes = f"{get_column_letter(max(1, key_column_count(columns)) + 1)}{last_head + 1}"
    if head_lines == 2:
        for first, last in _group_spans(columns):
            sheet.merged_cells.add(
                f"{get_column_letter(first)}{first_head}:{get_column_letter(last)}{first_head}"
            )
    filtered_rows = len(rows) - has_total
    if filtered_rows > 0:
        sheet.auto_filter.ref = f"A{last_head}:{last_column}{last_head + filtered_rows}"
    _fit_to_print(sheet, f"{first_head}:{last_head}", table.title, result_id)

    for number, line in enumerate(heading):
        sheet.append([_text(sheet, line, TITLE if number == 0 else MUTED)])
    sheet.append([])
    if head_lines == 2:
        sheet.append([_head(sheet, column.group) for column in columns])
    sheet.append([_head(sheet, column.label_in_group) for column in columns])
    cells = _Cells(sheet, columns)
    for number, row in enumerate(rows):
        sheet.append(cells.of_row(row, has_total and number == len(rows) - 1))
    return sheet


def _fit_to_print(sheet: Any, head_rows: str, title: str, result_id: str) -> None:
    """Landscape, as wide as the page, the heads on each; the footer says what it is and which page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6, header=0.3, footer=0.3)
    sheet.print_title_rows = head_rows
    sheet.oddFooter.left.text = title.replace("&", "&&")
    sheet.oddFooter.center.text = "&P / &N"
    sheet.oddFooter.right.text = result_id


def _group_spans(columns: Sequence[Column]) -> Iterable[tuple[int, int]]:
    """First and last column, from 1, of each group of several columns."""
    for group, members in groupby(range(1, len(columns) + 1), key=lambda number: columns[number - 1].group):
        first, *others = members
        if group and others:
            yield first, others[-1]


def _write_info(sheet: Any, lines: Sequence[tuple[str, str]]) -> None:
    sheet.column_dimensions["A"].width = max(len(label) for label, _ in lines) + PADDING
    sheet.column_dimensions["B"].width = 70
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for label, value in lines:
        name, told = _text(sheet, label, BOLD), _text(sheet, value)
        name.alignment, told.alignment = NUMBER_ALIGNMENT, KEY_ALIGNMENT
        sheet.append([name, told])


class _Cells:
    """The cells of a table's rows; each style is made once, and its cell takes one value after the other."""

    def __init__(self, sheet: Any, columns: Sequence[Column]) -> None:
        self._sheet = sheet
        self._columns = columns
        self._keys = key_column_count(columns)
        self._styled: dict[tuple[int, str, bool], Any] = {}

    def of_row(self, row: Sequence[Cell], is_total: bool) -> list[Any]:
        """The row's cells, good until the next row's are asked for."""
        return [self._cell(number, value, is_total) for number, value in enumerate(row)]

    def _cell(self, number: int, value: Cell, is_total: bool) -> Any:
        if isinstance(value, str):
            cell = self._style(number, PLAIN_FORMATS[Kind.TEXT], is_total)
            cell.value = _storable(value)
            cell.data_type = "s"
            return cell
        cell = self._style(number, _number_format(value, self._columns[number]), is_total)
        # a spreadsheet knows no zones: the clock's time is the value, its offset part of the format
        cell.value = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        return cell

    def _style(self, number: int, number_format: str, is_total: bool) -> Any:
        key = (number, number_format, is_total)
        if key not in self._styled:
            cell: Any = WriteOnlyCell(self._sheet)
            cell.number_format = number_format
            cell.alignment = self._alignment(number)
            if is_total:
                cell.font, cell.border = BOLD, TOTAL_BORDER
            self._styled[key] = cell
        return self._styled[key]

    def _alignment(self, number: int) -> Alignment:
        if number < self._keys:
            return TEXT_ALIGNMENT if number else KEY_ALIGNMENT
        return TEXT_ALIGNMENT if self._columns[number].kind is Kind.TEXT else NUMBER_ALIGNMENT


def _number_format(value: Cell, column: Column) -> str:
    if isinstance(value, datetime):
        offset = _offset(value)
        return PLAIN_FORMATS[Kind.TIMESTAMP] + (f'" {offset}"' if offset else "")
    if column.kind in (Kind.MONEY, Kind.RATIO):
        decimals = _decimals(column)
        return f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return PLAIN_FORMATS[column.kind]


def _decimals(column: Column) -> int:
    return EXACT_DECIMALS if column.currency is None else decimals_of(column.currency)


def _offset(instant: datetime) -> str:
    """The distance from UTC as +05:45; empty where the moment names none."""
    distance = instant.utcoffset()
    if distance is None:
        return ""
    hours, minutes = divmod(abs(distance) // timedelta(minutes=1), 60)
    return f"{'-' if distance < timedelta(0) else '+'}{hours:02}:{minutes:02}"


def _width(column: Column, cells: Iterable[Cell]) -> float:
    """Room for every cell as it is shown, and for the head in at most two lines beside its filter button."""
    head = column.label_in_group
    head_width = max(*map(len, head.split()), (len(head) + 1) // 2) + FILTER_BUTTON
    widest = max((len(_shown(cell, column)) for cell in cells), default=0) + PADDING
    return min(max(NARROWEST_COLUMN, head_width, widest), WIDEST_COLUMN)


def _shown(cell: Cell, column: Column) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:,.{_decimals(column)}f}"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S} {_offset(cell)}"
    if isinstance(cell, date):
        return "0000-00-00"
    if isinstance(cell, int) and column.kind is not Kind.YEAR:
        return f"{cell:,}"
    return "" if cell is None else max(str(cell).splitlines(), key=len, default="")


def _line_count(text: str, width: float) -> int:
    """The lines that the words need, one after the other, at most so many characters in each."""
    lines, room = 1, width
    for word in text.split():
        if len(word) > room and room < width:
            lines, room = lines + 1, width
        room -= len(word) + 1
    return lines


def _head(sheet: Any, text: str) -> Any:
    cell = _text(sheet, text, BOLD)
    cell.fill, cell.border, cell.alignment = HEAD_FILL, HEAD_BORDER, HEAD_ALIGNMENT
    return cell


def _text(sheet: Any, text: str, font: Font | None = None) -> Any:
    """A cell that is text whatever it begins with; characters a workbook cannot hold become U+FFFD."""
    cell: Any = WriteOnlyCell(sheet, value=_storable(text))
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell


def _storable(text: str) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)
