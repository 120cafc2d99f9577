"""A job run in this process: the same run as the UI would start, kept in the same instance."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from orchestration.assets.deliveries import DELIVERED
from orchestration.compatibility import execute_run, is_interrupt, workspace_job_origin
from orchestration.dagster_home import WORKSPACE, dagster_instance
from orchestration.definitions import build_definitions
from orchestration.failures import failed_check, failures_of
from orchestration.partitions import CLOSED, CLOSED_MONTHS, add_months, last_complete_month
from orchestration.run_storage import OpenStorage
from orchestration.runs import AS_OF_TAG, end_killed_runs, process_tags, refuse_as_of, sources_loaded
from orchestration.settings import Settings

# Dagster's own logger writes every event to the terminal, where the command line shows what matters.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


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

    Runs that a killed process left unfinished are ended first, so that they block nothing. Raises AsOfRefused
    before anything is loaded. An interrupt cancels the run and is raised again as KeyboardInterrupt.
    """
    run_id = str(uuid.uuid4())
    with dagster_instance(settings) as instance:
        definitions = build_definitions(settings)
        repository = definitions.get_repository_def()
        job = repository.get_job(job_name)
        clock = datetime.now(UTC)
        refuse_as_of(settings, sources_loaded(node.name for node in job.nodes), as_of or clock, clock)
        tags = process_tags(run_id)
        if as_of is not None:
            tags[AS_OF_TAG] = as_of.isoformat()
        if job.partitions_def == CLOSED_MONTHS:
            month = last_complete_month(as_of or clock)
            add_months(instance, [month])
            tags["dagster/partition"] = month
        if on_start is not None:
            on_start(len(job.nodes))
        end_killed_runs(instance)
        # Asking for the run's events makes its database, which can then be kept open from the first event on.
        instance.all_logs(run_id)
        events = []
        with OpenStorage(settings.dagster_home, run_id):
            run = instance.create_run_for_job(
                job,
                run_id=run_id,
                run_config={**(job.run_config or {}), **_QUIET},
                tags={**job.run_tags, **tags},
                remote_job_origin=workspace_job_origin(WORKSPACE, repository.name, job_name),
            )
            for event in execute_run(repository, run, instance):
                events.append(event)
                if event.is_step_failure and is_interrupt(event):
                    # else Dagster takes it for a failure, and tells it by mail
                    instance.report_run_canceling(run)
                if on_event is not None:
                    on_event(event)
    if any(is_interrupt(event) for event in events):
        raise KeyboardInterrupt
    return _outcome(run_id, events)


def _outcome(run_id: str, events: Sequence[dg.DagsterEvent]) -> RunOutcome:
    failures = failures_of(events)
    # A month that was not closed and a query that was not delivered are observed, with the reason.
    warnings = [
        str(event.asset_observation_data.asset_observation.description)
        for event in events
        if event.event_type is dg.DagsterEventType.ASSET_OBSERVATION
        and event.asset_key in (CLOSED, DELIVERED)
    ]
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    warnings += [
        failed_check(evaluation)
        for evaluation in evaluations
        if not evaluation.passed and evaluation.severity is not dg.AssetCheckSeverity.ERROR
    ]
    if not failures and not any(event.event_type is dg.DagsterEventType.RUN_SUCCESS for event in events):
        failures.append(f"run {run_id} did not finish")
    materialized = sum(event.is_step_materialization for event in events)
    return RunOutcome(run_id, tuple(failures), tuple(warnings), materialized, len(evaluations))
