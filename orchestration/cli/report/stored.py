"""`subdyn report show` and `subdyn report list`: results as they were stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from orchestration.cli.installation import open_installation
from orchestration.cli.report.output import (
    ChartColumnOption,
    ChartOption,
    ChartTitleOption,
    ChartTypeOption,
    Destination,
    FormatOption,
    OutputOption,
    OverwriteOption,
    read_chart,
)
from orchestration.cli.sending import SendToOption
from orchestration.cli.terminal import Terminal

if TYPE_CHECKING:
    from exports.result_store import ResultSummary

MOST_LISTED = 10_000


def show(
    result_id: Annotated[str, typer.Argument(metavar="ID", help="Or its first digits, from `report list`.")],
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
    send_to: SendToOption = None,
) -> None:
    """Show a stored result again, cell for cell; nothing is asked again."""
    import psycopg

    from exports.result_store import check_result_id, find_result_id, load

    beginning = check_result_id(result_id)
    destination = Destination(
        formats, output, overwrite, read_chart(chart, chart_column, chart_type, chart_title), send_to
    )
    with open_installation() as settings:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            result = load(connection, find_result_id(connection, beginning))
        destination.deliver(result, settings)


def list_stored(
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="How many, newest first.")] = 50,
) -> None:
    """List the stored results, newest first, with what was asked of each."""
    import psycopg

    from exports.result_store import list_results

    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        results = list_results(connection, limit)
    print_list(results)


def print_list(results: Sequence[ResultSummary]) -> None:
    """A line or a few for each result, within 80 characters."""
    from exports.render.info import asked_in_short, short_id

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("ID", no_wrap=True)
    table.add_column("Generated, UTC", no_wrap=True)
    table.add_column("Report and what was asked", overflow="fold")
    table.add_column("By", overflow="ellipsis", no_wrap=True, max_width=10)
    table.add_column("Rows", justify="right", no_wrap=True)
    for result in results:
        days = f"{result.from_date}..{result.to_date}"
        asked = ", ".join((days, *asked_in_short(result.parameters)))
        table.add_row(
            short_id(result.result_id),
            f"{result.generated_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            Text(f"{result.report}\n{asked}"),
            Text(result.generated_by),
            f"{result.rows:,}",
        )
    Terminal().print(table)
