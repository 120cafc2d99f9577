"""`subdyn prune`: lets old stored results go that nothing holds."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from orchestration.cli.days import read_days
from orchestration.cli.installation import open_installation
from orchestration.cli.terminal import Terminal, console, write_line

if TYPE_CHECKING:
    from exports.retention import Ages

UNITS = ("B", "kB", "MB", "GB", "TB")


def prune(
    older_than: Annotated[
        str, typer.Option(metavar="DAYS", help="Only results stored so many days ago or earlier, as 90d.")
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it, only what would go is told.")
    ] = False,
) -> None:
    """Let stored results go that are older than so many days; tells what would go, unless --yes is given.

    What a live share link, a delivery or a closed month's evidence pack holds stays, however old it is: the
    database itself refuses to delete it. What went is noted. Files are not touched.
    """
    age = read_days(older_than, "--older-than")
    import psycopg

    from exports import retention

    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        before = datetime.now(UTC) - age
        found = retention.survey(connection, before)
        print_survey(found)
        going = sum(ages.result_count for ages in found if ages.held_by is None)
        message = f"stored before {before:%Y-%m-%d %H:%M} UTC"
        if not yes:
            hint = "; --yes does it" if going else ""
            write_line(f"{_results(going)} {message} would be pruned{hint}")
            return
        pruned = 0
        with console.status("pruning"):
            for count in retention.prune(connection, before, getpass.getuser()):
                pruned += count
        write_line(f"{_results(pruned)} {message} pruned")


def print_survey(found: Sequence[Ages]) -> None:
    """A line per report and holder: how many, how large, from when to when, and whether they go."""
    if not found:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Report", overflow="fold")
    table.add_column("Results", justify="right", no_wrap=True)
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("Stored, UTC", no_wrap=True)
    table.add_column("Held by", overflow="fold")
    for ages in found:
        first, last = (f"{at.astimezone(UTC):%Y-%m-%d}" for at in (ages.oldest_at, ages.newest_at))
        table.add_row(
            Text(ages.report),
            f"{ages.result_count:,}",
            _size(ages.byte_count),
            first if first == last else f"{first}..{last}",
            ages.held_by or "nothing: it may go",
        )
    Terminal().print(table)


def _results(count: int) -> str:
    return f"{count:,} {'result' if count == 1 else 'results'}"


def _size(byte_count: int) -> str:
    size, unit = float(byte_count), 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 else f"{size:.1f} {UNITS[unit]}"
