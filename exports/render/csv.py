"""CSV: UTF-8, commas, dot decimals, RFC 4180; text that a spreadsheet would run as a formula is made safe."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, BinaryIO

from exports.result import Cell, Kind, StoredResult, written

if TYPE_CHECKING:
    from exports.charts.definition import Chart

# A spreadsheet takes these for the start of a formula, some of them also behind blanks.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write head, rows and, where there are none, the message in a line of its own. The stream stays open."""
    del chart
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_safe(column.label) for column in result.columns])
    kinds = [column.kind for column in result.columns]
    for row in result.rows:
        writer.writerow([_field(cell, kind) for cell, kind in zip(row, kinds, strict=True)])
    if result.message is not None:
        writer.writerow([_safe(result.message)])
    text.flush()
    text.detach()


def _field(cell: Cell, kind: Kind) -> str | int:
    if isinstance(cell, int):
        return cell
    text = written(cell, kind)
    return _safe(text) if isinstance(cell, str) else text


def _safe(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would otherwise run it."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
