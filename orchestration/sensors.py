"""What is noticed between schedules: a failed run is told by mail."""

from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG

from orchestration.mailer import message, send
from orchestration.settings import Settings


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """The run failure sensor; it writes to the house's own mail address."""

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

    return [failed_run_mail]


def failure_text(context: dg.RunFailureSensorContext) -> tuple[str, str]:
    """Subject and body for a failed run: each failed step and the first line of its reason."""
    run = context.dagster_run
    lines = [f"Run {run.run_id} of {run.job_name} failed: {context.failure_event.message}", ""]
    for event in context.get_step_failure_events():
        lines.append(f"- {event.step_key}: {_reason(event)}")
    return f"{run.job_name} failed", "\n".join(lines)


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no reason given"
