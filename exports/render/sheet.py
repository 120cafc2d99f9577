"""What workbooks of both kinds share: number formats, widths, names of sheets, and what a cell can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby, islice

from exports.render.info import decimals_shown
from exports.result import Cell, Column, Kind, Table, written

CREATOR = "Subscriber Dynamics"
PLAIN_FORMATS = {
    Kind.TEXT: "@",
    Kind.YEAR: "0",
    # texts: no number format tells a quarter or a week
    Kind.QUARTER: "@",
    Kind.WEEK: "@",
    Kind.DATE: "yyyy-mm-dd",
    Kind.MONTH: "yyyy-mm",
    # in English whatever the reader's language, as the label is a name that people know
    Kind.NAMED_MONTH: "[$-409]mmm yyyy",
    Kind.TIMESTAMP: "yyyy-mm-dd hh:mm:ss",
    Kind.COUNT: "#,##0",
}
# A spreadsheet counts days from 1900, and takes that year for a leap year: what lies before March is text.
FIRST_DATE = date(1900, 3, 1)
DAY_ZERO = date(1899, 12, 30)
SECONDS_OF_A_DAY = 86400

LONGEST_TEXT = 32767
SHEET_NAME_LENGTH = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_ENDS = re.compile("\r\n?")
NARROWEST_COLUMN, WIDEST_COLUMN = 7, 42
FILTER_BUTTON, PADDING = 3, 2
ROWS_AT_ONCE = 1000

Rows = Iterable[Sequence[Cell]]


def batches(rows: Rows, size: int = ROWS_AT_ONCE) -> Iterator[list[Sequence[Cell]]]:
    """The rows, so many at a time: no more of them are held than that."""
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def with_labels(table: Table) -> Table:
    """The table with quarters and weeks as they are written, which a spreadsheet cannot show of a date."""
    kinds = [column.kind for column in table.columns]
    if not {Kind.QUARTER, Kind.WEEK} & set(kinds):
        return table
    rows = (
        tuple(
            written(cell, kind) if kind in (Kind.QUARTER, Kind.WEEK) and cell is not None else cell
            for cell, kind in zip(row, kinds, strict=True)
        )
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))


def storable(text: str) -> str:
    """The text as a cell can hold it.

    Control characters become U+FFFD, line ends a line feed; what is longer than a cell may be is cut, and
    says how long it was.
    """
    clean = NOT_IN_XML.sub("\ufffd", LINE_ENDS.sub("\n", text))
    if len(clean.encode("utf-16-le")) // 2 <= LONGEST_TEXT:
        return clean
    note = f" … (cut: {len(text)} characters)"
    # a character may take two of the cell's places
    room = (LONGEST_TEXT - len(note)) * 2
    return clean.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + note


def as_text(cell: Cell) -> str | None:
    """The cell's text, if it is one here: a word, or a day before the first that a spreadsheet knows."""
    if isinstance(cell, str):
        return storable(cell)
    if isinstance(cell, date):
        day = cell.date() if isinstance(cell, datetime) else cell
        return cell.isoformat() if day < FIRST_DATE else None
    return None


def days_of(cell: date) -> float:
    """The date or the clock's time as a spreadsheet counts it, in days from the last of 1899."""
    days = cell.toordinal() - DAY_ZERO.toordinal()
    if not isinstance(cell, datetime):
        return days
    midnight = cell.replace(hour=0, minute=0, second=0, microsecond=0)
    return days + (cell - midnight).total_seconds() / SECONDS_OF_A_DAY


def number_format(value: Cell, column: Column) -> str:
    """How a spreadsheet shows the value, which stays: the currency's decimals, an instant's offset."""
    if isinstance(value, datetime):
        offset = _offset(value)
        return PLAIN_FORMATS[Kind.TIMESTAMP] + (f'" {offset}"' if offset else "")
    if column.kind in (Kind.MONEY, Kind.RATIO):
        decimals = decimals_shown(column)
        return f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return PLAIN_FORMATS[column.kind]


def group_spans(columns: Sequence[Column]) -> Iterable[tuple[int, int]]:
    """First and last column, from 1, of each group of several columns."""
    for group, members in groupby(range(1, len(columns) + 1), key=lambda number: columns[number - 1].group):
        first, *others = members
        if group and others:
            yield first, others[-1]


def sheet_names(titles: Iterable[str]) -> list[str]:
    """A name for each sheet, none twice, of the characters and the length that sheets may have."""
    names: dict[str, str] = {}
    for title in titles:
        plain = NOT_IN_SHEET_NAMES.sub(" ", storable(title)).strip("'")
        name, number = plain[:SHEET_NAME_LENGTH].strip() or "Sheet", 1
        while name.casefold() in names:
            number += 1
            name = f"{plain[: SHEET_NAME_LENGTH - 5]} ({number})"
        names[name.casefold()] = name
    return list(names.values())


def widths(columns: Sequence[Column], rows: Rows) -> list[float]:
    """Room for every cell as it is shown, and for each head in at most two lines beside its filter button."""
    longest = [0] * len(columns)
    for batch in batches(rows):
        for number, cells in enumerate(zip(*batch, strict=True)):
            longest[number] = max(longest[number], _longest(cells, columns[number]))
    return [
        min(max(NARROWEST_COLUMN, _head_width(column), shown + PADDING), WIDEST_COLUMN)
        for column, shown in zip(columns, longest, strict=True)
    ]


def line_count(text: str, width: float) -> int:
    """The lines that the words need, one after the other, at most so many characters in each."""
    lines, room = 1, width
    for word in text.split():
        if len(word) > room and room < width:
            lines, room = lines + 1, width
        room -= len(word) + 1
    return lines


def shown(cell: Cell, column: Column) -> str:
    """The cell as a spreadsheet shows it."""
    if isinstance(cell, Decimal):
        return f"{cell:,.{decimals_shown(column)}f}"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S} {_offset(cell)}"
    if isinstance(cell, date):
        return "0000-00-00"
    if isinstance(cell, int) and column.kind is not Kind.YEAR:
        return f"{cell:,}"
    return "" if cell is None else max(str(cell).splitlines(), key=len, default="")


def _longest(cells: Sequence[Cell], column: Column) -> int:
    """The characters that the longest needs; of numbers only the first and the last in size are looked at."""
    numbers = [cell for cell in cells if isinstance(cell, (int, Decimal))]
    others = {cell for cell in cells if cell is not None and not isinstance(cell, (int, Decimal))}
    widest = (*others, min(numbers), max(numbers)) if numbers else others
    return max((len(shown(cell, column)) for cell in widest), default=0)


def _head_width(column: Column) -> int:
    head = column.label_in_group
    return max(*map(len, head.split() or [""]), (len(head) + 1) // 2) + FILTER_BUTTON


def _offset(instant: datetime) -> str:
    """The distance from UTC as +05:45; empty where the moment names none."""
    distance = instant.utcoffset()
    if distance is None:
        return ""
    hours, minutes = divmod(abs(distance) // timedelta(minutes=1), 60)
    return f"{'-' if distance < timedelta(0) else '+'}{hours:02}:{minutes:02}"
