"""XLSX: typed cells with number formats, the head frozen, and a second sheet with the Info."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from exports.render.info import info_lines
from exports.result import Cell, Column, Kind, StoredResult, Table

NUMBER_FORMATS = {
    Kind.TEXT: "@",
    Kind.YEAR: "0",
    Kind.DATE: "yyyy-mm-dd",
    Kind.TIMESTAMP: "yyyy-mm-dd hh:mm:ss",
    Kind.COUNT: "#,##0",
    Kind.MONEY: "#,##0.0000",
    Kind.RATIO: "#,##0.0000",
}
BOLD = Font(bold=True)
SHEET_NAME_LENGTH = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
WIDEST_COLUMN = 60


def render(result: StoredResult, stream: BinaryIO) -> None:
    """Write the workbook: the report's sheet, one for each further table, then Info.

    A result without rows shows its message under the heads. The stream stays open.
    """
    book = Workbook(write_only=True)
    grid = _write_table(book, Table(result.title, result.columns, result.rows), result.has_total)
    if result.message is not None:
        grid.append([_text(grid, result.message)])
    for table in result.details:
        _write_table(book, table, has_total=False)
    _write_info(book.create_sheet("Info"), info_lines(result))
    book.save(stream)


def _write_table(book: Workbook, table: Table, has_total: bool) -> Any:
    sheet: Any = book.create_sheet(NOT_IN_SHEET_NAMES.sub(" ", table.title)[:SHEET_NAME_LENGTH])
    sheet.freeze_panes = "A2"
    for number, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = min(
            max(12, len(column.label) + 2), WIDEST_COLUMN
        )
    sheet.append([_text(sheet, column.label, BOLD) for column in table.columns])
    last = len(table.rows) - 1
    for number, row in enumerate(table.rows):
        sheet.append(_cells(sheet, row, table.columns, BOLD if has_total and number == last else None))
    return sheet


def _write_info(sheet: Any, lines: Iterable[tuple[str, str]]) -> None:
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = WIDEST_COLUMN
    for label, value in lines:
        sheet.append([_text(sheet, label, BOLD), _text(sheet, value)])


def _cells(sheet: Any, row: Iterable[Cell], columns: Iterable[Column], font: Font | None) -> list[Any]:
    cells = []
    for value, column in zip(row, columns, strict=True):
        if isinstance(value, str):
            cells.append(_text(sheet, value, font))
            continue
        # a spreadsheet knows no zones: the instant is shown on the clock it was given with
        shown: Any = value.replace(tzinfo=None) if isinstance(value, datetime) else value
        cell: Any = WriteOnlyCell(sheet, value=shown)
        cell.number_format = NUMBER_FORMATS[column.kind]
        if font is not None:
            cell.font = font
        cells.append(cell)
    return cells


def _text(sheet: Any, text: str, font: Font | None = None) -> Any:
    """A cell that is text whatever it begins with; characters a workbook cannot hold become U+FFFD."""
    cell: Any = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell
