"""Where a stored result goes: a table on the terminal, a stream, or files."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from orchestration.cli.exits import BadInput, Failed
from orchestration.cli.sending import check_send_to, send_result
from orchestration.cli.terminal import Terminal, console, stdout_closed, write_line

if TYPE_CHECKING:
    from exports.charts.definition import Chart
    from exports.result import Column, StoredResult
    from orchestration.settings import Settings

STDOUT = "-"
# Of a path without a format, as of a folder.
USUAL_FORMATS = ("csv", "xlsx")
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAMES",
        help="csv, xlsx, xls, html, json, parquet; png or svg of a chart; or several separated by commas.",
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option("--output", metavar="PATH", help="File, folder, or - for stdout."),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace a file that is there; without it, it is kept.")
]
ChartOption = Annotated[
    str | None,
    typer.Option(
        "--chart",
        metavar="NAME",
        # the templates of exports.charts, told without the library that reads them
        help="A chart in xlsx or html, or as png or svg: 'Clients - Active: Qty', 'Balance Refill: Total',"
        " 'Pay as you Go: Total', 'Packages: Renew Total', or Blank.",
    ),
]
ChartColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--chart-column",
        metavar="HEAD",
        help="A column of the chart Blank, by its whole head; may be repeated.",
    ),
]
ChartTypeOption = Annotated[
    str | None,
    typer.Option("--chart-type", metavar="TYPE", help="line, column, stacked-column, area or bar."),
]
ChartTitleOption = Annotated[
    str | None, typer.Option("--chart-title", metavar="TEXT", help="Instead of the columns' heads.")
]


def read_chart(
    name: str | None,
    heads: list[str] | None,
    chart_type: str | None,
    title: str | None,
    columns: Sequence[Column] | None = None,
) -> Chart | None:
    """The chart that the options ask for, if they do: of the columns of the report, where those are known.

    Heads alone are the chart Blank.
    """
    asked = {"template": name, "columns": tuple(heads or ()), "type": chart_type, "title": title}
    given = {key: value for key, value in asked.items() if value}
    if not given:
        return None
    if not given.keys() & {"template", "columns"}:
        raise BadInput("--chart is missing: name a chart, or its columns with --chart-column")
    from exports.charts.definition import Chart

    chart = Chart.read(given)
    if columns is not None:
        chart.columns_of(columns)
    return chart


class Destination:
    """What --format, --output, --overwrite, --chart and --send-to ask for, checked before anything is done.

    Nothing named is the terminal, a format without a place the home's folder of reports; with --send-to it
    is attached to the mail.
    """

    def __init__(
        self,
        formats: str | None,
        output: str | None,
        overwrite: bool,
        chart: Chart | None = None,
        send_to: Sequence[str] | None = None,
    ) -> None:
        self._chart = chart
        self._send_to = check_send_to(send_to)
        self._is_stdout = output == STDOUT
        self._path = _path(output) if output is not None and not self._is_stdout else None
        self._overwrite = overwrite
        self._formats = _formats(formats, self._path)
        if self._is_stdout:
            self._formats = self._formats or ["csv"]
            self._check_stdout()
        self._check_chart()
        self._is_file = self._path is not None and _is_file(self._path)
        if self._is_file:
            self._check_file()

    def deliver(self, result: StoredResult, settings: Settings) -> None:
        """Show or write the result, and send it; files' paths and where mails went are told on stderr."""
        self._show(result, settings)
        if self._send_to:
            chart = None if self._chart is None else self._chart.as_json()
            send_result(result, self._send_to, self._formats, chart, settings)

    def _show(self, result: StoredResult, settings: Settings) -> None:
        # what is sent is attached in the formats, and written where a place is named as well
        is_for_mail = bool(self._send_to) and self._path is None
        if self._formats and not self._is_stdout and not is_for_mail:
            self._write(result, self._path or settings.reports_folder)
            return
        try:
            if self._is_stdout:
                self._write_to_stdout(result)
            else:
                print_table(result)
        except BrokenPipeError:
            raise stdout_closed() from None
        except OSError as error:
            raise Failed(f"stdout cannot be written: {error.strerror}") from error
        if not self._is_stdout:
            console.print(f"stored: subdyn report show {result.result_id}", soft_wrap=True)

    def _check_chart(self) -> None:
        from exports.render import PICTURES, WITH_CHART

        pictures = [name for name in self._formats if name in PICTURES]
        if pictures and self._chart is None:
            raise BadInput(f"--format {pictures[0]}: a picture shows a chart: name one with --chart")
        shown = set(self._formats) & set(WITH_CHART) or self._send_to
        if self._chart is not None and not shown:
            raise BadInput(f"--chart is shown by {', '.join(WITH_CHART)}: name one of them with --format")

    def _check_stdout(self) -> None:
        from exports.render import BINARY

        if len(self._formats) > 1:
            raise BadInput("--output -: stdout takes one format")
        if sys.stdout.isatty() and self._formats[0] in BINARY:
            raise BadInput(
                f"--output -: {self._formats[0]} is not for a terminal; name a file, or pipe it on"
            )

    def _check_file(self) -> None:
        if len(self._formats) > 1:
            raise BadInput("--output: several formats need a folder")
        if not self._overwrite and self._path is not None and os.path.lexists(self._path):
            raise _taken(self._path)

    def _write_to_stdout(self, result: StoredResult) -> None:
        from exports.render import find_renderer

        render = find_renderer(self._formats[0])
        if sys.stdout.isatty():
            kept = io.BytesIO()
            render(result, kept, self._chart)
            for line in kept.getvalue().decode().splitlines():
                write_line(line)
        else:
            render(result, sys.stdout.buffer, self._chart)
            sys.stdout.buffer.flush()

    def _write(self, result: StoredResult, target: Path) -> None:
        from orchestration.report_files import write_asked_files, write_file

        try:
            if self._is_file:
                paths = [
                    write_file(result, target, self._formats[0], overwrite=self._overwrite, chart=self._chart)
                ]
            else:
                paths = write_asked_files(
                    result, target, self._formats, overwrite=self._overwrite, chart=self._chart
                )
        except FileExistsError as error:
            raise _taken(Path(error.filename or target)) from None
        except OSError as error:
            raise BadInput(f"--output: {target} cannot be written: {error.strerror}") from None
        for path in paths:
            console.print(str(path), soft_wrap=True, markup=False)


def _formats(formats: str | None, path: Path | None) -> list[str]:
    """The formats that are asked for by name, or by that of the file."""
    from exports.render import FORMATS, PICTURES, check_format

    named = list(dict.fromkeys(_words(formats)))
    for name in named:
        check_format(name)
    if path is None:
        return named
    suffix = "" if _is_folder(path) else path.suffix[1:].lower()
    if not suffix:
        return named or list(USUAL_FORMATS)
    if not named:
        return [check_format(suffix)]
    if suffix in (*FORMATS, *PICTURES) and len(named) == 1 and named != [suffix]:
        raise BadInput(
            f"--output: {path.name} is named as {suffix}, --format says {', '.join(named)}: leave one out"
        )
    return named


def _path(output: str) -> Path:
    try:
        return Path(output).expanduser()
    except RuntimeError as error:
        raise BadInput(f"--output: {output}: {error}") from None


def _is_file(path: Path) -> bool:
    """Whether the path is meant as a file: named with a suffix, or one already."""
    mode = _mode(path)
    if mode is None:
        return bool(path.suffix)
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise BadInput(f"--output: {path} is a device, no file or folder; for stdout give -")
    return stat.S_ISREG(mode)


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(_mode(path) or 0)


def _mode(path: Path) -> int | None:
    """What stands at the path; None where nothing does."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise BadInput(f"--output: {getattr(error, 'strerror', None) or error}") from None


def _taken(path: Path) -> BadInput:
    return BadInput(f"--output: {path} is there already: name another, or give --overwrite to replace it")


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
