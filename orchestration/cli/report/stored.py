"""`subdyn report show` and `subdyn report list`: results as they were stored."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from orchestration.cli.house import open_house
from orchestration.cli.report.output import Destination, FormatOption, OutputOption
from orchestration.cli.terminal import Terminal


def show(
    result_id: Annotated[str, typer.Argument(metavar="ID", help="As `subdyn report list` tells it.")],
    formats: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show a stored result again, cell for cell; nothing is asked anew."""
    import psycopg

    from exports.result import load

    destination = Destination(formats, output)
    with open_house() as settings:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            result = load(connection, result_id)
        destination.deliver(result, settings)


def list_stored(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
) -> None:
    """List the stored results, newest first."""
    import psycopg

    from exports.result import list_results

    with open_house() as settings, psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        results = list_results(connection, limit)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("ID", no_wrap=True)
    table.add_column("Report", no_wrap=True)
    table.add_column("Generated, UTC", no_wrap=True)
    table.add_column("By", overflow="fold")
    table.add_column("Rows", justify="right")
    for result in results:
        moment = f"{result.generated_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(result.result_id, result.report, moment, result.generated_by, str(result.rows))
    Terminal().print(table)
