"""What a run knows of itself: its as-of, its process, and what a killed one leaves behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil
import psycopg
from psycopg import sql

from orchestration.instants import parse_as_of
from orchestration.settings import SOURCES, Settings, SourceName

AS_OF_TAG = "subdyn/as_of"
PROCESS_TAG = "subdyn/process"
# Clocks of machines differ by as much; a run that is later than that speaks of what nobody knows yet.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Of these a job has one at a time.
IN_PROGRESS = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
    dg.DagsterRunStatus.SUSPENDED,
]
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


class AsOfRefused(Exception):
    """A run's as-of lies before what a source has reached, or ahead of the clock; the message has both."""


def begin(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext,
) -> datetime:
    """To be called first by every step: the run's `now`; the run is marked with this process on the way."""
    mark_process(context.run, context.instance)
    return as_of(context.run, context.instance)


def as_of(run: dg.DagsterRun, instance: dg.DagsterInstance) -> datetime:
    """The run's `now`, in UTC: its tag if it has one, else its start, so that all steps agree."""
    tag = run.tags.get(AS_OF_TAG)
    if tag is not None:
        return parse_as_of(tag)
    record = instance.get_run_record_by_id(run.run_id)
    if record is None or record.start_time is None:
        raise dg.Failure(f"run {run.run_id} has no start yet", allow_retries=False)
    return datetime.fromtimestamp(record.start_time, UTC)


def sources_loaded(step_keys: Iterable[str]) -> tuple[SourceName, ...]:
    """The sources that these steps load: raw__billing__users loads billing."""
    keys = list(step_keys)
    return tuple(source for source in SOURCES if any(key.startswith(f"raw__{source}__") for key in keys))


def refuse_as_of(
    settings: Settings, sources: Iterable[SourceName], instant: datetime, clock: datetime
) -> None:
    """Raise AsOfRefused for an as-of that a run which loads these sources must not have.

    A run's clock only moves forward: a source read at an earlier as-of than before would unmake months that
    were made. `clock` is the moment the run begins.
    """
    if instant > clock + CLOCK_TOLERANCE:
        minutes = CLOCK_TOLERANCE // timedelta(minutes=1)
        raise AsOfRefused(
            f"as-of {_shown(instant)} lies more than {minutes} minutes ahead of the clock, {_shown(clock)}"
        )
    with psycopg.connect(settings.warehouse(), autocommit=True, connect_timeout=10) as connection:
        for source in sources:
            reached = _data_through(connection, source)
            if reached is not None and instant < reached:
                raise AsOfRefused(
                    f"as-of {_shown(instant)} lies before {_shown(reached)}, up to which {source} is loaded:"
                    " a run's as-of only moves forward"
                )


def _data_through(connection: psycopg.Connection, source: SourceName) -> datetime | None:
    """The latest as-of any table of the source was loaded at; None before the first load."""
    query = sql.SQL("select max(as_of) from {}").format(sql.Identifier(f"raw_{source}", "watermarks"))
    try:
        row = connection.execute(query).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return row[0] if row is not None else None


def _shown(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def process_tags(run_id: str) -> dict[str, str]:
    """The tag that says which process executes the run.

    It names the run as well: re-executing a run copies its tags, and the copy says nothing of the new run.
    """
    return {PROCESS_TAG: f"{run_id} {this_process()}"}


def mark_process(run: dg.DagsterRun, instance: dg.DagsterInstance) -> None:
    """Note that this process executes the run, if that is not noted yet."""
    if _process_of(run) is None:
        instance.add_run_tags(run.run_id, process_tags(run.run_id))


def this_process() -> str:
    """This process, told from all others of all machines and from a later one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def end_killed_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose process was killed as failed and free their pools; returns their ids.

    A killed process cannot say so itself: the run would be shown as running, or about to start, for ever, and
    its pool slots would keep every later run waiting.
    """
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        process = _process_of(run)
        if process is not None and is_gone(process):
            instance.report_run_failed(
                run, "the process of this run was killed; the next run heals what it left"
            )
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _process_of(run: dg.DagsterRun) -> str | None:
    """The process that executes the run, as `this_process` gives it; None while nobody has said."""
    run_id, _, process = run.tags.get(PROCESS_TAG, "").rpartition(" ")
    return process if run_id == run.run_id else None


def is_gone(process: str) -> bool:
    """Whether a process of this machine, as `this_process` told it, has ended; of others nothing is known."""
    host, number, started = process.rsplit(":", 2)
    return host == socket.gethostname() and _started(int(number)) != started


def _started(process_id: int) -> str:
    """When the process started; empty if there is no such process."""
    try:
        return str(psutil.Process(process_id).create_time())
    except psutil.NoSuchProcess:
        return ""
