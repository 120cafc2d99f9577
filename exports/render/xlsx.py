"""XLSX to be sent: typed cells, heads in groups, frozen and repeated, fitted to the page, a chart, the Info.

openpyxl makes the workbook with all but the rows. Those are written as text into their sheets afterwards: as
objects, four million cells would take three times as long.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties

from exports.errors import InvalidParameter
from exports.render.info import heading_lines, info_lines
from exports.render.sheet import (
    CREATOR,
    FILTER_BUTTON,
    PADDING,
    PLAIN_FORMATS,
    as_text,
    batches,
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
    from exports.charts.drawing import Drawing

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

LINE_HEIGHT = 15.0
A4 = 9
MOST_ROWS = 1_048_576
# Heading, an empty line, heads; a message below.
ROWS_ABOVE = 7
FIRST_PART = "xl/worksheets/sheet1.xml"
END_OF_ROWS = b"</sheetData>"
# A reader would take these for an escaped character.
LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
NOT_AS_IT_IS = re.compile(r"[&<>]|_x[0-9A-Fa-f]{4}_")


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write the workbook: the report's sheet, the chart's if asked for, one for each further table, the Info.

    A result without rows shows its message under the heads. The stream stays open. Raises InvalidParameter
    where a sheet cannot hold the rows, or for a chart of a column that is not there.
    """
    main = Table(result.title, result.columns, result.rows)
    tables = [with_labels(table) for table in (main, *result.details)]
    for table in tables:
        _check_size(table)
    drawing = None if chart is None else _drawing(result, chart)
    book = Workbook(write_only=True)
    book.properties.title = storable(result.title)
    book.properties.creator = CREATOR
    try:
        _save(book, _write_sheets(book, result, tables, drawing), stream)
    finally:
        # what failed would leave its sheets open
        for sheet in book.worksheets:
            if not sheet.closed:
                # the disk that was full may be so still: the first error is the one to show
                with suppress(OSError, StopIteration, ValueError):
                    sheet.close()


def _write_sheets(
    book: Workbook, result: StoredResult, tables: Sequence[Table], drawing: Drawing | None
) -> dict[str, _Rows]:
    """All sheets but the tables' rows: those, by the name of their sheet's part."""
    title, *asked = heading_lines(result)
    main, *further = tables
    titles = [main.title, *(["Chart"] if drawing else []), *(table.title for table in further), "Info"]
    first, *names, info = sheet_names(titles)
    rows = {FIRST_PART: _begin_table(book, first, main, [title, *asked], result, result.has_total)}
    rows[FIRST_PART].message = result.message
    if drawing is not None:
        from exports.charts.workbook import add_charts

        add_charts(book.create_sheet(names.pop(0)), drawing)
    for table, name in zip(further, names, strict=True):
        begun = _begin_table(book, name, table, [table.title, *asked], result, has_total=False)
        rows[f"xl/worksheets/sheet{len(book.worksheets)}.xml"] = begun
    _write_info(book.create_sheet(info), info_lines(result))
    return rows


def _check_size(table: Table) -> None:
    if len(table.rows) > MOST_ROWS - ROWS_ABOVE:
        raise InvalidParameter(
            "format",
            f"format xlsx: a sheet holds {MOST_ROWS:,} rows, heads included; the result has"
            f" {len(table.rows):,}; use csv or parquet",
        )


def _drawing(result: StoredResult, chart: Chart) -> Drawing:
    from exports.charts.drawing import draw

    return draw(result, chart)


def _save(book: Workbook, rows: dict[str, _Rows], stream: BinaryIO) -> None:
    """The workbook, each table's rows put into its sheet on the way."""
    without_rows = BytesIO()
    book.save(without_rows)
    with (
        zipfile.ZipFile(without_rows) as made,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as whole,
    ):
        for part in made.infolist():
            content = made.read(part)
            if part.filename not in rows:
                whole.writestr(part, content, zipfile.ZIP_DEFLATED)
                continue
            before, end, after = content.partition(END_OF_ROWS)
            part.compress_type = zipfile.ZIP_DEFLATED
            with whole.open(part, "w", force_zip64=True) as sheet:
                sheet.write(before)
                for text in rows[part.filename].texts():
                    sheet.write(text.encode())
                sheet.write(end + after)


def _begin_table(
    book: Workbook,
    name: str,
    table: Table,
    heading: Sequence[str],
    result: StoredResult,
    has_total: bool,
) -> _Rows:
    """The heading, an empty line, and the heads in one line or two; what is to be written below them."""
    columns, rows = table.columns, table.rows
    sheet: Any = book.create_sheet(name)
    head_lines = 2 if any(column.group for column in columns) else 1
    first_head = len(heading) + 2
    last_head = first_head + head_lines - 1
    last_column = get_column_letter(len(columns))
    fitting = widths(columns, rows)
    for number, width in enumerate(fitting, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.row_dimensions[last_head].height = LINE_HEIGHT * max(
        line_count(column.label_in_group, width - FILTER_BUTTON)
        for column, width in zip(columns, fitting, strict=True)
    )
    sheet.freeze_panes = f"{get_column_letter(max(1, key_column_count(columns)) + 1)}{last_head + 1}"
    if head_lines == 2:
        for first, last in group_spans(columns):
            sheet.merged_cells.add(
                f"{get_column_letter(first)}{first_head}:{get_column_letter(last)}{first_head}"
            )
    filtered_rows = len(rows) - has_total
    if filtered_rows > 0:
        sheet.auto_filter.ref = f"A{last_head}:{last_column}{last_head + filtered_rows}"
    _fit_to_print(sheet, f"{first_head}:{last_head}", table.title, result.result_id)

    for number, line in enumerate(heading):
        sheet.append([text_cell(sheet, line, TITLE if number == 0 else MUTED)])
    sheet.append([])
    if head_lines == 2:
        sheet.append([_head(sheet, column.group) for column in columns])
    sheet.append([_head(sheet, column.label_in_group) for column in columns])
    return _Rows(sheet, table, has_total, last_head + 1)


def _fit_to_print(sheet: Any, head_rows: str, title: str, result_id: str) -> None:
    """Landscape, as wide as the page, the heads on each; the footer says what it is and which page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    fit_width_to_page(sheet)
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6, header=0.3, footer=0.3)
    sheet.print_title_rows = head_rows
    sheet.oddFooter.left.text = storable(title).replace("&", "&&")
    sheet.oddFooter.center.text = "&P / &N"
    sheet.oddFooter.right.text = result_id


def fit_width_to_page(sheet: Any) -> None:
    """Print the sheet as wide as a page and as many pages long as it takes."""
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _write_info(sheet: Any, lines: Sequence[tuple[str, str]]) -> None:
    sheet.column_dimensions["A"].width = max(len(label) for label, _ in lines) + PADDING
    sheet.column_dimensions["B"].width = 70
    fit_width_to_page(sheet)
    for label, value in lines:
        name, content = text_cell(sheet, label, BOLD), text_cell(sheet, value)
        name.alignment, content.alignment = NUMBER_ALIGNMENT, KEY_ALIGNMENT
        sheet.append([name, content])


@dataclass
class _Rows:
    """A table's rows as the text of its sheet. Styles are known to the workbook before it is saved."""

    sheet: Any
    table: Table
    has_total: bool
    first_row: int
    message: str | None = None

    def __post_init__(self) -> None:
        columns = self.table.columns
        self._plain = [_Style(self.sheet, columns, number, is_total=False) for number in range(len(columns))]
        self._total = [_Style(self.sheet, columns, number, is_total=True) for number in range(len(columns))]
        for row in self._last_rows():
            for style, cell in zip(self._total, row, strict=True):
                style.tag(cell)
        # every style has to be met before the workbook, with all of them, is saved
        for batch in batches(self.table.rows):
            for style, cells in zip(self._plain, zip(*batch, strict=True), strict=True):
                style.meet(cells)

    def texts(self) -> Iterator[str]:
        """The rows' text, many rows at a time."""
        row_number, last = self.first_row, self.first_row + len(self.table.rows) - 1
        for batch in batches(self.table.rows):
            texts: list[str] = []
            for row in batch:
                styles = self._total if self.has_total and row_number == last else self._plain
                texts.append(f'<row r="{row_number}">')
                for style, cell in zip(styles, row, strict=True):
                    if cell is not None or style.is_total:
                        texts.append(style.text(cell, row_number))
                texts.append("</row>")
                row_number += 1
            yield "".join(texts)
        if self.message is not None:
            cell = _inline(storable(self.message))
            yield f'<row r="{row_number}"><c r="A{row_number}" t="inlineStr">{cell}</c></row>'

    def _last_rows(self) -> Sequence[Sequence[Cell]]:
        return self.table.rows[-1:] if self.has_total else ()


class _Style:
    """The cells of one column: how each kind of value is styled, and its text."""

    def __init__(self, sheet: Any, columns: Sequence[Column], number: int, is_total: bool) -> None:
        self.is_total = is_total
        self._sheet = sheet
        self._column = columns[number]
        self._letter = get_column_letter(number + 1)
        self._is_key = number < key_column_count(columns)
        self._is_first = number == 0
        self._tags: dict[Any, str] = {}

    def meet(self, cells: Sequence[Cell]) -> None:
        """Make the styles of these cells; of one type all have the same, but for instants and early dates."""
        for kind in set(map(type, cells)):
            if issubclass(kind, date):
                for cell in cells:
                    self.tag(as_text(cell) or cell)
            elif kind not in self._tags and kind is not type(None):
                self.tag(next(cell for cell in cells if type(cell) is kind))

    def tag(self, cell: Cell) -> str:
        """What follows the cell's number: its style and type."""
        key: Any = type(cell)
        if isinstance(cell, datetime):
            key = cell.utcoffset()
        found = self._tags.get(key)
        if found is None:
            is_text = isinstance(cell, str)
            shown_as = PLAIN_FORMATS[Kind.TEXT] if is_text else number_format(cell, self._column)
            found = f'" s="{self._style_id(shown_as)}"' + (' t="inlineStr">' if is_text else "><v>")
            self._tags[key] = found
        return found

    def text(self, cell: Cell, row_number: int) -> str:
        """The cell, whole."""
        place = f'<c r="{self._letter}{row_number}'
        if cell is None:
            return f"{place}{self.tag(None).removesuffix('><v>')}/>"
        if isinstance(cell, (str, date)):
            words = as_text(cell)
            if words is not None:
                return f"{place}{self.tag(words)}{_inline(words)}</c>"
            assert isinstance(cell, date)  # noqa: S101 - every word is a text
            return f"{place}{self.tag(cell)}{days_of(cell)!r}</v></c>"
        return f"{place}{self.tag(cell)}{cell}</v></c>"

    def _style_id(self, shown_as: str) -> int:
        cell: Any = WriteOnlyCell(self._sheet)
        cell.number_format = shown_as
        cell.alignment = self._alignment()
        if self.is_total:
            cell.font, cell.border = BOLD, TOTAL_BORDER
        return cell.style_id

    def _alignment(self) -> Alignment:
        if self._is_key:
            return KEY_ALIGNMENT if self._is_first else TEXT_ALIGNMENT
        return TEXT_ALIGNMENT if self._column.kind is Kind.TEXT else NUMBER_ALIGNMENT


def _inline(text: str) -> str:
    """A cell's text: text whatever it begins with, blanks and line ends preserved."""
    if NOT_AS_IT_IS.search(text):
        text = escape(LIKE_AN_ESCAPE.sub("_x005F_", text))
    space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
    return f"<is><t{space}>{text}</t></is>"


def _head(sheet: Any, text: str) -> Any:
    cell = text_cell(sheet, text, BOLD)
    cell.fill, cell.border, cell.alignment = HEAD_FILL, HEAD_BORDER, HEAD_ALIGNMENT
    return cell


def text_cell(sheet: Any, text: str, font: Font | None = None) -> Any:
    """A cell that is text whatever it begins with."""
    cell: Any = WriteOnlyCell(sheet, value=LIKE_AN_ESCAPE.sub("_x005F_", storable(text)))
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell
