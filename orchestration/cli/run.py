"""`subdyn run`: the scheduled jobs, headless."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.exits import BadInput
from orchestration.cli.installation import Sources, open_installation


class Job(StrEnum):
    """The jobs by the name that the command line uses."""

    HOURLY = "hourly"
    NIGHTLY = "nightly"
    MONTHLY_CLOSE = "monthly-close"
    DELIVERIES = "deliveries"


def run_command(
    job: Annotated[Job, typer.Argument(help="Which job to run.")],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The run's now, as 2026-01-31T06:00Z; its start unless given."),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Go on with these sources though the warehouse was filled from others."),
    ] = False,
) -> None:
    """Run a job as its schedule would; ends with 0 only if every asset was made and every check passed."""
    instant = read_as_of(as_of)
    reads = Sources.UNUSED if job is Job.DELIVERIES else Sources.READ
    with open_installation(reads, adopt=adopt) as settings:
        from orchestration.cli.progress import watched_run

        watched_run(settings, job.value.replace("-", "_"), instant)


def read_as_of(text: str | None) -> datetime | None:
    """An instant from the command line; BadInput names what was given."""
    from orchestration.instants import parse_as_of

    if text is None:
        return None
    try:
        return parse_as_of(text)
    except ValueError as error:
        raise BadInput(f"--as-of: {error}") from None
