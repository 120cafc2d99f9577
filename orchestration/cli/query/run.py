"""`subdyn query run` and `subdyn query delete`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.installation import open_installation
from orchestration.cli.query import options
from orchestration.cli.query.options import current_user, warehouse, words
from orchestration.cli.query.options import now as moment
from orchestration.cli.report.connection import report_connection
from orchestration.cli.report.output import Destination, FormatOption, OutputOption, OverwriteOption
from orchestration.cli.run import read_as_of
from orchestration.cli.terminal import write_line


def run_query(
    query: Annotated[str, options.NAME],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What relative intervals count from; now unless given."),
    ] = None,
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Ask a saved query now: its result is stored and shown, or written to files; no mail goes out."""
    from exports.charts.definition import Chart
    from exports.queries.run import asked_by, generate_and_store
    from exports.queries.store import find
    from exports.render import WITH_CHART

    instant = read_as_of(as_of) or moment()
    by = current_user()
    with open_installation() as settings:
        with report_connection(settings) as connection:
            known = find(connection, query, by)
            named = {*words(formats), Path(output or "").suffix[1:].lower()}
            chart = Chart.read(known.chart) if known.chart and named & set(WITH_CHART) else None
            destination = Destination(formats, output, overwrite, chart)
            result = generate_and_store(connection, known, instant, asked_by(by, known))
        destination.deliver(result, settings)


def delete(
    query: Annotated[str, options.NAME], version: Annotated[int | None, options.VERSION] = None
) -> None:
    """Delete a saved query: nothing goes out any more; its results and its history stay."""
    from exports.queries import store

    by = current_user()
    with warehouse() as connection:
        known = store.find(connection, query, by)
        store.delete(connection, known.query_id, version or known.version, by)
    write_line(f"{known.name} is deleted", sys.stderr)
