"""Where a stored result goes: a table on the terminal, a stream, or files."""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from orchestration.cli.exits import BadInput
from orchestration.cli.house import console

if TYPE_CHECKING:
    from exports.result import Cell, StoredResult
    from orchestration.settings import Settings

STDOUT = "-"
FormatOption = Annotated[
    str | None,
    typer.Option("--format", metavar="NAMES", help="csv, xlsx, json, or several separated by commas."),
]
OutputOption = Annotated[
    str | None,
    typer.Option("--output", metavar="PATH", help="File, folder, or - for stdout."),
]


class Destination:
    """What --format and --output ask for, checked before the report is generated."""

    def __init__(self, formats: str | None, output: str | None) -> None:
        from exports.render import find_renderer

        self._output = output
        self._formats = _words(formats) or _implied(output)
        for name in self._formats:
            find_renderer(name)
        if len(self._formats) > 1 and (output == STDOUT or (output is not None and Path(output).suffix)):
            raise BadInput("--output: several formats need a folder")
        if output == STDOUT and not self._formats:
            self._formats = ["csv"]

    def deliver(self, result: StoredResult, settings: Settings) -> None:
        """Show or write the result; files' paths are told on stderr."""
        from exports.render import find_renderer
        from orchestration.report_files import write_file, write_files

        if self._output == STDOUT:
            find_renderer(self._formats[0])(result, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        elif not self._formats:
            print_table(result)
            console.print(f"stored as {result.result_id} (subdyn report show {result.result_id})")
        else:
            target = Path(self._output) if self._output else settings.reports_folder
            try:
                if target.suffix and not target.is_dir():
                    paths = [write_file(result, target, self._formats[0])]
                else:
                    paths = write_files(result, target, self._formats)
            except OSError as error:
                raise BadInput(f"--output: {target} cannot be written: {error.strerror}") from None
            for path in paths:
                console.print(f"{path}", soft_wrap=True)


def print_table(result: StoredResult) -> None:
    """The result on stdout; turned, a line per measure and a column per row, where that fits a terminal."""
    out = Console(highlight=False)
    if result.message is not None:
        out.print(result.message)
        return
    measures = [column.kind.value in ("count", "money", "ratio") for column in result.columns]
    grouping = measures.index(True)
    table = Table(title=result.title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    shown = _turned(table, result, grouping) if all(measures[grouping:]) else _upright(table, result)
    # a narrow terminal wraps lines; it never gets cells cut short
    unlimited = out.options.update(max_width=sys.maxsize)
    out.width = max(out.width, Measurement.get(out, unlimited, shown).maximum)
    out.print(shown)


def _turned(table: Table, result: StoredResult, grouping: int) -> Table:
    table.add_column("")
    for row in result.rows:
        label = " ".join(filter(None, (_shown(cell) for cell in row[:grouping])))
        table.add_column(escape(label) or "Whole interval", justify="right", no_wrap=True)
    heading = ""
    for number, column in enumerate(result.columns[grouping:], start=grouping):
        group, _, measure = column.label.rpartition(": ")
        if group != heading:
            heading = group
            table.add_section()
            table.add_row(f"[bold]{escape(group)}[/]")
        cells = (_shown(row[number]) for row in result.rows)
        table.add_row(f"{'  ' if group else ''}{escape(measure)}", *cells)
    return table


def _upright(table: Table, result: StoredResult) -> Table:
    for column in result.columns:
        table.add_column(column.label, justify="left" if column.kind.value == "text" else "right")
    for row in result.rows:
        table.add_row(*(_shown(cell) for cell in row))
    return table


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:,.4f}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return f"{cell:,}" if isinstance(cell, int) else escape(str(cell))


def _words(text: str | None) -> list[str]:
    return [word.strip().lower() for word in (text or "").split(",") if word.strip()]


def _implied(output: str | None) -> list[str]:
    """The format that a file's name tells."""
    suffix = Path(output).suffix if output not in (None, STDOUT) else ""
    if output not in (None, STDOUT) and not suffix:
        return ["csv", "xlsx"]
    return [suffix[1:].lower()] if suffix else []
