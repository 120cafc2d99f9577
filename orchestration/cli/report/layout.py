"""A result laid out for the width of a terminal: no line longer, no cell cut short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exports.result import Cell, Column, Kind, StoredResult, key_column_count, written
from orchestration.cli.terminal import printable

GAP = 2
# A name longer than this part of the line is folded.
WIDEST_KEY = 1 / 3
WHOLE = "Whole interval"


@dataclass(frozen=True)
class Grid:
    """A result's cells as they are shown; the columns in front name the row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    key_count: int

    @property
    def names(self) -> list[str]:
        """What each row is called."""
        return [" ".join(filter(None, row[: self.key_count])) or WHOLE for row in self.rows]

    def width(self, number: int) -> int:
        """The characters that a column needs."""
        cells = (row[number] for row in self.rows)
        return max(map(cell_len, (self.columns[number].label_in_group, *cells)))


def lay_out(result: StoredResult, width: int) -> RenderableType:
    """A line per measure where that fits, else blocks of columns, else a record for each row."""
    grid = _grid(result)
    has_names = len(set(grid.names)) == len(grid.rows)
    if has_names and len(grid.rows) < len(grid.columns) - grid.key_count and _turned_width(grid) <= width:
        return _turned(grid)
    whole = range(grid.key_count, len(grid.columns))
    if has_names or _block_width(grid, whole) <= width:
        return Group(*(_block(grid, block, width) for block in _blocks(grid, width)))
    return _records(grid, width)


def _grid(result: StoredResult) -> Grid:
    rows = tuple(
        tuple(_shown(cell, column.kind) for cell, column in zip(row, result.columns, strict=True))
        for row in result.rows
    )
    return Grid(result.columns, rows, key_column_count(result.columns))


def _shown(cell: Cell, kind: Kind) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:,.4f}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, int) and kind is not Kind.YEAR:
        return f"{cell:,}"
    # a name of several lines would look like several rows
    return printable(" ".join(written(cell, kind).splitlines()))


def _table() -> Table:
    return Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold", show_edge=False)


def _turned_width(grid: Grid) -> int:
    labels = max(cell_len(column.label_in_group) + GAP for column in grid.columns)
    cells = [
        max(map(cell_len, (name, *row[grid.key_count :])))
        for name, row in zip(grid.names, grid.rows, strict=True)
    ]
    return labels + sum(cells) + GAP * len(cells)


def _turned(grid: Grid) -> Table:
    """A line for each measure, a column for each row."""
    table = _table()
    table.add_column("")
    for name in grid.names:
        table.add_column(Text(name), justify="right", no_wrap=True)
    numbers = range(grid.key_count, len(grid.columns))
    for group, members in groupby(numbers, key=lambda number: grid.columns[number].group):
        if group:
            table.add_row()
            table.add_row(Text(group, "bold"))
        for number in members:
            label = f"{'  ' if group else ''}{grid.columns[number].label_in_group}"
            table.add_row(Text(label), *(Text(row[number]) for row in grid.rows))
    return table


def _blocks(grid: Grid, width: int) -> Iterator[range]:
    """The columns after those that name the row, in runs of one group that fit the line."""
    start = grid.key_count
    for number in range(grid.key_count + 1, len(grid.columns)):
        is_other_group = grid.columns[number].group != grid.columns[start].group
        if is_other_group or _block_width(grid, range(start, number + 1), width) > width:
            yield range(start, number)
            start = number
    yield range(start, len(grid.columns))


def _block_width(grid: Grid, block: range, width: int | None = None) -> int:
    """The line's length; with a width, names that are too long for it are folded."""
    keys = [grid.width(number) for number in range(grid.key_count)]
    if width is not None:
        keys = [min(key, int(width * WIDEST_KEY)) for key in keys]
    cells = [*keys, *(grid.width(number) for number in block)]
    return sum(cells) + GAP * (len(cells) - 1)


def _block(grid: Grid, block: range, width: int) -> RenderableType:
    """Those columns of every row, behind what names the row."""
    table = _table()
    folded = int(width * WIDEST_KEY) if _block_width(grid, block) > width else None
    for number in (*range(grid.key_count), *block):
        column = grid.columns[number]
        is_key = number < grid.key_count
        table.add_column(
            Text(column.label_in_group),
            justify="left" if is_key or column.kind is Kind.TEXT else "right",
            overflow="fold",
            max_width=folded if is_key else None,
            no_wrap=not is_key,
        )
    for row in grid.rows:
        table.add_row(*(Text(row[number]) for number in (*range(grid.key_count), *block)))
    group = grid.columns[block.start].group
    return Group(*([Text(group, "bold underline")] if group else []), table, Text(""))


def _records(grid: Grid, width: int) -> Table:
    """Each row as its name and the cells that say something, each behind its head."""
    table = _table()
    table.show_header = False
    table.add_column(style="bold", overflow="fold", max_width=int(width * WIDEST_KEY))
    table.add_column(overflow="fold")
    for name, row in zip(grid.names, grid.rows, strict=True):
        cells = zip(grid.columns[grid.key_count :], row[grid.key_count :], strict=True)
        table.add_row(
            Text(name), Text("; ".join(f"{column.label}: {cell}" for column, cell in cells if cell))
        )
    return table
