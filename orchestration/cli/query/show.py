"""`subdyn query list` and `subdyn query show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from orchestration.cli.query import options
from orchestration.cli.query.options import current_user, now, warehouse
from orchestration.cli.terminal import Terminal, write_line

if TYPE_CHECKING:
    from exports.queries.definition import SavedQuery
    from exports.queries.due import Schedule
    from exports.queries.store import Version

SHOWN_DUE_TIMES = 5


def list_saved(
    visibility: Annotated[str | None, options.VISIBILITY] = None,
    query_owner: Annotated[
        str | None, typer.Option("--query-owner", metavar="LOGIN", help="Only this owner's.")
    ] = None,
) -> None:
    """List the saved queries by title: what each asks, whose it is, when it is due next."""
    from exports.queries.definition import VISIBILITIES
    from exports.queries.store import list_queries
    from orchestration.cli.exits import BadInput

    if visibility is not None and visibility not in VISIBILITIES:
        raise BadInput(f"--visibility {visibility!r} is not one of {', '.join(VISIBILITIES)}")
    with warehouse() as connection:
        queries = list_queries(connection, current_user())
    _print_list(
        [
            query
            for query in queries
            if visibility in (None, query.visibility) and query_owner in (None, query.owner)
        ],
        now(),
    )


def show(
    query: Annotated[str, options.NAME],
    history: Annotated[
        bool, typer.Option("--history", help="Every version: what it said, whose it is.")
    ] = False,
) -> None:
    """Show a saved query whole, as its YAML says it, with its version and next due times."""
    from exports.queries.files import write_yaml
    from exports.queries.store import find, history_of

    with warehouse() as connection:
        known = find(connection, query, current_user())
        versions = history_of(connection, known.query_id) if history else []
    if history:
        for line in _history(versions):
            write_line(line)
        return
    write_line(f"{known.name}, version {known.version}, by {known.changed_by} at {_utc(known.changed_at)}")
    for line in write_yaml([known]).splitlines():
        write_line(line)
    if known.schedule is not None:
        for line in due_lines(known.schedule, now()):
            write_line(line)


def due_lines(schedule: Schedule, after: datetime) -> Iterator[str]:
    """The next due times, in the schedule's zone and in UTC."""
    from zoneinfo import ZoneInfo

    from exports.queries.due import next_due_times

    yield "next due times, if it did not rest:" if schedule.is_paused else "next due times:"
    for due_at in next_due_times(schedule, after, SHOWN_DUE_TIMES):
        local = due_at.astimezone(ZoneInfo(schedule.time_zone))
        yield f"  {local:%a %Y-%m-%d %H:%M} {schedule.time_zone}, {_utc(due_at)}"


def _history(versions: list[Version]) -> Iterator[str]:
    from exports.queries.files import write_yaml

    for version in versions:
        what = "deleted" if version.is_deletion else "written"
        yield f"version {version.version}, {what} by {version.changed_by} at {_utc(version.changed_at)}"
        if not version.is_deletion:
            yield from write_yaml([version.query]).splitlines()[1:]


def _print_list(queries: list[SavedQuery], at: datetime) -> None:
    from exports.queries.due import next_due_times
    from exports.render.info import asked_in_short

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("No", justify="right", no_wrap=True)
    table.add_column("Title and what is asked", overflow="fold")
    table.add_column("Owner", overflow="ellipsis", no_wrap=True, max_width=10)
    table.add_column("Seen by", no_wrap=True)
    table.add_column("Next due, UTC", no_wrap=True)
    for query in queries:
        asked = query.parameters
        days = asked.get("interval") or asked.get("month")
        if days is None and "from_date" in asked:
            days = f"{asked['from_date']}..{asked['to_date']}"
        shown = ", ".join(filter(None, (query.report, days, *asked_in_short(asked))))
        schedule = query.schedule
        due = "" if schedule is None else "paused"
        if schedule is not None and not schedule.is_paused:
            due = f"{next_due_times(schedule, at, 1)[0]:%Y-%m-%d %H:%M}"
        table.add_row(
            str(query.query_id), Text(f"{query.title}\n{shown}"), Text(query.owner), query.visibility, due
        )
    Terminal().print(table)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
