"""`subdyn query schedule`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from orchestration.cli.exits import BadInput
from orchestration.cli.query import options
from orchestration.cli.query.change import as_input
from orchestration.cli.query.options import current_user, now, warehouse
from orchestration.cli.query.show import due_lines
from orchestration.cli.terminal import write_line


def schedule(
    query: Annotated[str, options.NAME],
    cron: Annotated[
        str | None,
        typer.Option(
            metavar="FIELDS", help="Minute, hour, day, month, weekday: '0 8 * * *' is eight o'clock."
        ),
    ] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="Whose clock it goes by.")] = None,
    missed: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Due times that passed while nothing ran: catch_up makes up for them, tell tells of them.",
        ),
    ] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Let it rest.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let it go on, from now.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Take the schedule away.")] = False,
    version: Annotated[int | None, options.VERSION] = None,
) -> None:
    """Set, pause, resume or take away the times at which a saved query goes out; shows the next five."""
    from exports.queries import store
    from exports.queries.definition import SavedQueryInput

    if pause + resume + off > 1:
        raise BadInput("give one of --pause, --resume and --off")
    given = {"cron": cron, "time_zone": timezone, "missed": missed}
    parts: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if off and parts:
        raise BadInput("--off takes the schedule away: give no other option with it")
    if pause or resume:
        parts["is_paused"] = pause
    by = current_user()
    with warehouse() as connection:
        known = store.find(connection, query, by)
        values = as_input(known)
        before = values["schedule"]
        if before is None and (off or pause or resume) and "cron" not in parts:
            raise BadInput(f"{known.name} has no schedule: give --cron and --timezone")
        if off or parts:
            values["schedule"] = None if off else {**(before or {}), **parts}
            definition = SavedQueryInput.read(values)
            known = store.change(connection, known.query_id, version or known.version, definition, by, now())
    if known.schedule is None:
        write_line(f"{known.name} has no schedule")
        return
    state = "paused" if known.schedule.is_paused else "on"
    write_line(
        f"{known.name}: {known.schedule.cron} in {known.schedule.time_zone}, {state},"
        f" missed due times: {known.schedule.missed}"
    )
    for line in due_lines(known.schedule, now()):
        write_line(line)
    if not known.recipients:
        write_line("nobody gets it: subdyn query change --send-to ADDRESS; its results are stored")
