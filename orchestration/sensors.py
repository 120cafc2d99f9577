"""What is noticed between schedules: a failed run is told by mail."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.failures import failed_steps, run_failure_reason
from orchestration.mailer import mail_operator
from orchestration.runs import end_killed_runs
from orchestration.settings import Settings

# set by Dagster on a failed run that it starts again
WILL_RETRY_TAG = "dagster/will_retry"


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """What reports failed runs, by mail to the operator's address, and what clears up after killed ones."""

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
        answer = mail_operator(settings, subject, text, datetime.now(UTC))
        context.log.info(f"told of run {run.run_id}: {answer.text}")
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

    return [failed_run_mail, killed_runs]


def failure_text(context: dg.RunFailureSensorContext) -> tuple[str, str]:
    """Subject and body for a failed run: each failed step and the first line of its reason."""
    run = context.dagster_run
    lines = [f"Run {run.run_id} of {run.job_name} failed: {context.failure_event.message}", ""]
    failures = failed_steps(context.get_step_failure_events())
    lines += [f"- {failure}" for failure in failures]
    if not failures:
        lines.append(f"- {run_failure_reason(context.failure_event)}")
    return f"{run.job_name} failed", "\n".join(lines)
