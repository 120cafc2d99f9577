"""CSV: UTF-8, commas, dot decimals, RFC 4180; text that a spreadsheet would run as a formula is made safe.

Columns are looked at one after the other, many rows at a time: cell by cell it would take three times as
long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, BinaryIO

from exports.render.sheet import batches
from exports.result import Cell, Kind, StoredResult, written

if TYPE_CHECKING:
    from exports.charts.definition import Chart

# A spreadsheet takes these for the start of a formula, some of them also behind blanks.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TO_BE_QUOTED = re.compile('[",\r\n]')
LINE_END = "\r\n"
# A line of one empty field would be no line at all.
ONE_EMPTY_FIELD = '""'
TEXTS_KEPT = 4096


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write head, rows and, where there are none, the message in a line of its own. The stream stays open."""
    del chart
    kinds = [column.kind for column in result.columns]
    stream.write(_lines([[_text(column.label)] for column in result.columns]))
    for batch in batches(result.rows):
        columns = zip(*batch, strict=True)
        stream.write(_lines([_fields(cells, kind) for cells, kind in zip(columns, kinds, strict=True)]))
    if result.message is not None:
        stream.write(_lines([[_text(result.message)]]))


def _lines(columns: Sequence[Sequence[object]]) -> bytes:
    template = ",".join(["%s"] * len(columns))
    lines = [template % row for row in zip(*columns, strict=True)]
    if len(columns) == 1:
        lines = [line or ONE_EMPTY_FIELD for line in lines]
    return LINE_END.join((*lines, "")).encode()


def _fields(cells: Sequence[Cell], kind: Kind) -> Sequence[object]:
    """A column's cells as they are written; counts and amounts stay, for Python writes them so."""
    types = set(map(type, cells))
    if types <= {int, Decimal}:
        return cells
    if types <= {int, Decimal, NoneType}:
        return ["" if cell is None else cell for cell in cells]
    if types <= {str, date, NoneType}:
        # few names and days, each in many rows
        fields = {cell: _field(cell, kind) for cell in set(cells)}
        return [fields[cell] for cell in cells]
    return [_field(cell, kind) for cell in cells]


def _field(cell: Cell, kind: Kind) -> str:
    return _text(cell) if isinstance(cell, str) else written(cell, kind)


@lru_cache(TEXTS_KEPT)
def _text(text: str) -> str:
    """The text, quoted where it has to be; behind an apostrophe where a spreadsheet would run it."""
    safe = f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
    return f'"{safe.replace(chr(34), chr(34) * 2)}"' if TO_BE_QUOTED.search(safe) else safe
