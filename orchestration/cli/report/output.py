"""Where a stored result goes: a table on the terminal, a stream, or files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from orchestration.cli.exits import BadInput
from orchestration.cli.terminal import Terminal, console

if TYPE_CHECKING:
    from exports.result import StoredResult
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
            console.print(f"stored: subdyn report show {result.result_id}", soft_wrap=True)
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
    """The result on stdout, laid out for the terminal's width; where it is none, COLUMNS or 80 characters."""
    from exports.render.info import heading_lines
    from orchestration.cli.report.layout import lay_out

    out = Terminal()
    title, *asked = heading_lines(result)
    out.print(Text(title, "bold"))
    for line in asked:
        out.print(Text(line, "dim"))
    out.print()
    out.print(Text(result.message) if result.message is not None else lay_out(result, out.width))


def _words(text: str | None) -> list[str]:
    return [word.strip().lower() for word in (text or "").split(",") if word.strip()]


def _implied(output: str | None) -> list[str]:
    """The format that a file's name tells."""
    suffix = Path(output).suffix if output not in (None, STDOUT) else ""
    if output not in (None, STDOUT) and not suffix:
        return ["csv", "xlsx"]
    return [suffix[1:].lower()] if suffix else []
