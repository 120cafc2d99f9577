"""What a run knows of itself, and what a killed run leaves behind."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

import dagster as dg
import psutil

from orchestration.instants import parse_as_of

AS_OF_TAG = "subdyn/as_of"
PROCESS_TAG = "subdyn/process"


def begin(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> datetime:
    """To be called first by every step: the run's `now`; the run is marked with this process on the way."""
    if PROCESS_TAG not in context.run.tags:
        context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})
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


def this_process() -> str:
    """This process, told from all others of all machines and from a later one with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def end_killed_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose process was killed as failed and free their pools; returns their ids.

    A killed process cannot say so itself, and its pool slots would keep every later run waiting.
    """
    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        process = run.tags.get(PROCESS_TAG)
        if process is not None and _is_gone(process):
            instance.report_run_failed(
                run, "the process of this run was killed; the next run heals what it left"
            )
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _is_gone(process: str) -> bool:
    host, number, started = process.rsplit(":", 2)
    return host == socket.gethostname() and _started(int(number)) != started


def _started(process_id: int) -> str:
    """When the process started; empty if there is no such process."""
    try:
        return str(psutil.Process(process_id).create_time())
    except psutil.NoSuchProcess:
        return ""
