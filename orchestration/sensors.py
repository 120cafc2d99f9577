"""What is noticed between schedules: a failed run is told by mail."""

from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg
import psycopg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import WILL_RETRY_TAG

from orchestration.failures import failure_reason
from orchestration.mailer import message, send
from orchestration.partitions import CLOSING_GRACE
from orchestration.reconciliation.findings import month_to_close
from orchestration.runs import end_killed_runs
from orchestration.settings import Settings

CLOSING_JOB = "monthly_close"


def build_sensors(settings: Settings, jobs: Iterable[str]) -> list[dg.SensorDefinition]:
    """What tells of failed runs, by mail to the house's own address, and what clears up after killed ones."""

    @dg.run_failure_sensor(
        name="failed_run_mail",
        description="Sends the failed steps of a run by mail; attempts that will be retried are left out.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def failed_run_mail(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if run.tags.get(WILL_RETRY_TAG) == "true":
            return dg.SkipReason(f"run {run.run_id} will be retried")
        subject, text = failure_text(context)
        where = send(settings, message(settings, settings.mail_from, subject, text, datetime.now(UTC)))
        context.log.info(f"told of run {run.run_id}: {where}")
        return None

    @dg.sensor(
        name="killed_runs",
        description="Ends runs whose process was killed, so that what they held is free again.",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def killed_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_killed_runs(context.instance)
        return dg.SkipReason(f"ended {', '.join(ended)}" if ended else "no run was killed")

    sensors: list[dg.SensorDefinition] = [failed_run_mail, killed_runs]
    return [*sensors, _closing_sensor(settings)] if CLOSING_JOB in jobs else sensors


def _closing_sensor(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="months_may_close",
        job_name=CLOSING_JOB,
        description="Closes the platform's months as soon as data through has passed their end by the grace.",
        minimum_interval_seconds=600,
        default_status=initial_sensor_status(settings),
    )
    def months_may_close(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        running = dg.RunsFilter(job_name=CLOSING_JOB, statuses=IN_PROGRESS_RUN_STATUSES)
        if context.instance.get_runs(running, limit=1):
            return dg.SkipReason("months are being closed")
        with psycopg.connect(settings.warehouse()) as connection:
            found = month_to_close(connection, CLOSING_GRACE)
        if found is None:
            return dg.SkipReason("no month may be closed yet")
        month, waiting, through = found
        # A close that failed is tried again once data through has moved on.
        return dg.RunRequest(run_key=f"{month} {waiting} {through.isoformat()}", partition_key=month)

    return months_may_close


def initial_sensor_status(settings: Settings) -> dg.DefaultSensorStatus:
    """On for one's own databases, off for the demo operator, as the schedules are."""
    return dg.DefaultSensorStatus.STOPPED if settings.embedded else dg.DefaultSensorStatus.RUNNING


def failure_text(context: dg.RunFailureSensorContext) -> tuple[str, str]:
    """Subject and body for a failed run: each failed step and the first line of its reason."""
    run = context.dagster_run
    lines = [f"Run {run.run_id} of {run.job_name} failed: {context.failure_event.message}", ""]
    for event in context.get_step_failure_events():
        lines.append(f"- {event.step_key}: {failure_reason(event)}")
    return f"{run.job_name} failed", "\n".join(lines)
