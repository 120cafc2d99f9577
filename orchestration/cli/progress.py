"""A run as it is watched from the terminal: one bar, and a line for each step that is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestration.cli.exits import Failed
from orchestration.cli.installation import console
from orchestration.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

    from orchestration.headless import RunOutcome


def watched_run(settings: Settings, job_name: str, as_of: datetime | None) -> RunOutcome:
    """Run a job with its progress shown; raises Failed, naming the first failure, after telling them all."""
    started = time.monotonic()
    with console.status(f"{job_name}: reading the project"):
        # Dagster and dbt take seconds to import; nobody else shall wait for them.
        from orchestration.headless import run_job
    with _bar(job_name) as bar:
        outcome = run_job(settings, job_name, as_of, on_event=bar.show, on_start=bar.start)
    for warning in outcome.warnings:
        console.print(f"[yellow]warning[/] {escape(warning)}", soft_wrap=True)
    for failure in outcome.failures[1:]:
        console.print(f"[red]failed[/] {escape(failure)}", soft_wrap=True)
    seconds = time.monotonic() - started
    if not outcome.succeeded:
        raise Failed(f"{job_name} failed after {seconds:.0f} s: {outcome.failures[0]}")
    console.print(
        f"[green]{job_name}[/]: {outcome.materialized} assets made, {outcome.checked} checks passed"
        f" in {seconds:.1f} s"
    )
    return outcome


class _Bar:
    def __init__(self, progress: Progress, job_name: str) -> None:
        self._progress, self._job_name = progress, job_name
        self._task = progress.add_task(job_name, total=None)

    def start(self, steps: int) -> None:
        self._progress.update(self._task, total=steps)

    def show(self, event: dg.DagsterEvent) -> None:
        if event.event_type_value == "STEP_START":
            self._progress.update(self._task, description=f"{self._job_name}: {event.step_key}")
        elif event.is_step_materialization and event.asset_key is not None:
            self._progress.update(
                self._task, description=f"{self._job_name}: {event.asset_key.to_user_string()}"
            )
        elif event.is_step_up_for_retry:
            self._progress.print(
                f"[yellow]will be retried[/] {event.step_key}: {escape(event.message or '')}"
            )
        elif event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"):
            self._progress.advance(self._task)


@contextmanager
def _bar(job_name: str) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, job_name)
