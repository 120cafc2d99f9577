"""A job run in this process: the same job as in the UI, kept in the same instance."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.log_manager import get_log_record_event, has_log_record_event

from orchestration.dagster_home import dagster_instance
from orchestration.definitions import build_definitions
from orchestration.failures import failure_reason
from orchestration.partitions import last_complete_month
from orchestration.run_storage import OpenStorage
from orchestration.runs import AS_OF_TAG, PROCESS_TAG, end_killed_runs, this_process
from orchestration.settings import Settings


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended: what failed and what warned, each as `name: reason` on one line."""

    run_id: str
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    materialized: int
    checked: int

    @property
    def succeeded(self) -> bool:
        """Whether every asset was made and every check passed; a warning does not count against it."""
        return not self.failures


def run_job(
    settings: Settings,
    job_name: str,
    as_of: datetime | None = None,
    on_event: Callable[[dg.DagsterEvent], None] | None = None,
    on_start: Callable[[int], None] | None = None,
) -> RunOutcome:
    """Run a job to its end; `on_start` gets the number of steps, `on_event` each event as it comes.

    Runs that a killed process left unfinished are ended first, so that they block nothing. An interrupt
    cancels the run and is raised again as KeyboardInterrupt.
    """
    run_id = str(uuid.uuid4())
    with dagster_instance(settings) as instance:

        def notice(event: dg.DagsterEvent) -> None:
            if event.is_step_failure and _is_interrupt(event):
                # else Dagster takes it for a failure, and tells it by mail
                run = instance.get_run_by_id(run_id)
                if run is not None:
                    instance.report_run_canceling(run)
            if on_event is not None:
                on_event(event)

        definitions = build_definitions(settings, loggers={"console": _event_logger(notice)})
        job = definitions.resolve_job_def(job_name)
        tags = {PROCESS_TAG: this_process()}
        if as_of is not None:
            tags[AS_OF_TAG] = as_of.isoformat()
        month = last_complete_month(as_of or datetime.now(UTC)) if job.partitions_def is not None else None
        if on_start is not None:
            on_start(len(job.nodes))
        end_killed_runs(instance)
        # Asking for the run's events makes its database, which can then be kept open from the first event on.
        instance.all_logs(run_id)
        # Without naming the logger, a run takes Dagster's own, which writes every event to the terminal.
        config = {**(job.run_config or {}), "loggers": {"console": {"config": {}}}}
        with OpenStorage(settings.dagster_home, run_id):
            result = job.execute_in_process(
                run_id=run_id,
                instance=instance,
                run_config=config,
                tags=tags,
                partition_key=month,
                raise_on_error=False,
            )
    if any(_is_interrupt(event) for event in result.all_events):
        raise KeyboardInterrupt
    return _outcome(result)


def _is_interrupt(event: dg.DagsterEvent) -> bool:
    if event.is_step_failure:
        return event.step_failure_data.error_source is ErrorSource.INTERRUPT
    # between two steps
    unexpected = RunFailureReason.UNEXPECTED_TERMINATION
    return event.is_run_failure and event.job_failure_data.failure_reason is unexpected


def _outcome(result: dg.ExecuteInProcessResult) -> RunOutcome:
    failures = [
        f"{event.step_key}: {failure_reason(event)}" for event in result.all_events if event.is_step_failure
    ]
    warnings = []
    evaluations = result.get_asset_check_evaluations()
    for evaluation in evaluations:
        if not evaluation.passed:
            name = f"{evaluation.asset_key.to_user_string()}: check {evaluation.check_name} did not pass"
            text = f"{name}: {evaluation.description}" if evaluation.description else name
            (failures if evaluation.severity is dg.AssetCheckSeverity.ERROR else warnings).append(text)
    if not result.success and not failures:
        failures.append(f"run {result.run_id} did not finish")
    materialized = sum(event.is_step_materialization for event in result.all_events)
    return RunOutcome(result.run_id, tuple(failures), tuple(warnings), materialized, len(evaluations))


class _EventHandler(logging.Handler):
    def __init__(self, on_event: Callable[[dg.DagsterEvent], None]) -> None:
        super().__init__()
        self._on_event = on_event

    def emit(self, record: logging.LogRecord) -> None:
        if has_log_record_event(record):
            self._on_event(get_log_record_event(record))


def _event_logger(on_event: Callable[[dg.DagsterEvent], None]) -> dg.LoggerDefinition:
    def start(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("subdyn", logging.DEBUG)
        logger.addHandler(_EventHandler(on_event))
        return logger

    return dg.LoggerDefinition(start, description="Hands the run's events to the command line.")
