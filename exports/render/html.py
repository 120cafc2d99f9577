"""A page that stands alone: one file, nothing fetched, to be read, printed and sent.

Numbers are shown as people read them, with the currency's decimals; where that is not the whole cell, its
attribute data-value holds it as it is stored.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, BinaryIO

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from exports.render.info import group_heads, heading_lines, info_lines, shown_text
from exports.result import Cell, Column, Kind, StoredResult, Table, key_column_count, written

if TYPE_CHECKING:
    from exports.charts.definition import Chart

# What no page may hold, and line ends that a browser would change.
NOT_IN_PAGES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
LINE_ENDS = re.compile("\r\n?")
TEXTS_AT_ONCE = 500
# A longer one would be folded into many lines beside numbers.
LONG_TEXT = 16
PACKAGE = "exports.render"


@dataclass(frozen=True)
class _Head:
    text: str
    look: str = ""
    span: int = 1


@dataclass(frozen=True)
class _Cell:
    text: str
    look: str
    value: str | None
    is_word: bool


@dataclass(frozen=True)
class _Row:
    cells: Sequence[_Cell]
    is_total: bool


@dataclass(frozen=True)
class _Shown:
    title: str
    groups: Sequence[_Head]
    heads: Sequence[_Head]
    rows: Iterator[_Row]


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write the page: heading, the chart if asked for, the table, further tables, the Info.

    The stream stays open. Raises InvalidParameter for a chart of a column that is not there.
    """
    title, *asked = heading_lines(result)
    style = files(PACKAGE).joinpath("page.css").read_text(encoding="utf-8")
    main = Table(result.title, result.columns, result.rows)
    parts = _page().stream(
        title=_safe(title),
        asked=[_safe(line) for line in asked],
        # the file of the package, named to the browser by its hash: no other style is applied
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        picture=_picture(result, chart) if chart is not None else None,
        tables=[
            _shown(main, result.has_total),
            *(_shown(table, has_total=False) for table in result.details),
        ],
        message=None if result.message is None else _safe(result.message),
        info=[(_safe(label), _safe(value)) for label, value in info_lines(result)],
    )
    parts.enable_buffering(TEXTS_AT_ONCE)
    for part in parts:
        stream.write(part.encode())
    stream.write(b"\n")


@cache
def _page() -> Template:
    source = files(PACKAGE).joinpath("page.html.jinja").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)


def _picture(result: StoredResult, chart: Chart) -> Markup:
    from exports.charts.vega_lite import render_image

    # drawn by Vega, which escapes every text
    return Markup(render_image(result, chart, "svg").decode())  # noqa: S704


def _shown(table: Table, has_total: bool) -> _Shown:
    columns = table.columns
    return _Shown(
        title=_safe(table.title),
        groups=[_Head(_safe(group), span=span) for group, span in group_heads(columns)],
        heads=[_Head(_safe(column.label_in_group), _look(column)) for column in columns],
        rows=_rows(table, has_total),
    )


def _rows(table: Table, has_total: bool) -> Iterator[_Row]:
    keys = key_column_count(table.columns)
    last = len(table.rows) - 1
    for number, row in enumerate(table.rows):
        cells = [
            _cell(cell, column, position < keys)
            for position, (cell, column) in enumerate(zip(row, table.columns, strict=True))
        ]
        yield _Row(cells, has_total and number == last)


def _cell(cell: Cell, column: Column, is_key: bool) -> _Cell:
    if isinstance(cell, str):
        return _Cell(_safe(cell), "text long" if len(cell) > LONG_TEXT else "text", None, is_word=True)
    text, exact = shown_text(cell, column), written(cell, column.kind)
    look = "moment" if is_key and column.kind is not Kind.TEXT else _look(column)
    return _Cell(text, look, exact if exact != text else None, is_word=False)


def _look(column: Column) -> str:
    if column.is_measure:
        return "number"
    return "text" if column.kind is Kind.TEXT else "moment"


def _safe(text: str) -> str:
    """The text as a page can hold it: control characters become U+FFFD, line ends a line feed."""
    return NOT_IN_PAGES.sub("\ufffd", LINE_ENDS.sub("\n", text))
