"""The sensors: failed and killed runs, months that may be closed, saved queries that are due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import psycopg

from exports.delivery.outbox import LEASE
from exports.queries.definition import SavedQuery
from exports.queries.deliveries import Noted, note_due
from exports.queries.due import next_due_times
from exports.queries.store import list_all
from exports.snapshot import statement
from orchestration.assets.deliveries import DELIVERED, DELIVERIES
from orchestration.compatibility import AssetJob
from orchestration.failures import failed_steps, run_failure_reason
from orchestration.mailer import mail_operator
from orchestration.partitions import SAVED_QUERIES, add_months, read_months, unknown_to_dagster
from orchestration.runs import IN_PROGRESS, end_killed_runs
from orchestration.settings import Settings

# set by Dagster on a failed run that it starts again
WILL_RETRY_TAG = "dagster/will_retry"


_SHOWN_DUE_TIMES = 5
_NOT_MIGRATED = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
)
# A run that was killed is followed by the next at once. What fails twice is rarely mended in a minute, and
# each failure is told by mail.
_AFTER_FAILURES = timedelta(minutes=10)
# What is withheld is looked at again when a run may have healed it, and once in an hour whatever has.
_WITHHELD_AT_LEAST = timedelta(hours=1)
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


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


def build_closing_sensors(
    settings: Settings, jobs: Iterable[AssetJob], *, running: bool
) -> list[dg.SensorDefinition]:
    """What closes months and what shows them, where there is a job that closes."""
    closing = next((job for job in jobs if job.name == "monthly_close"), None)
    if closing is None:
        return []
    return [build_closing_sensor(settings, closing, running=running), build_closed_months_sensor(settings)]


def build_closing_sensor(settings: Settings, closing: AssetJob, *, running: bool) -> dg.SensorDefinition:
    """Starts `closing` for the last month that some subscriber's data through has passed by the grace.

    Months close in their own zones, so one month may take several runs within a day. A run that failed is
    started again when data through has moved on. `running` says whether the sensor is on from the start.
    """

    @dg.sensor(
        name="months_to_close",
        job=closing,
        description="Closes months as soon as data through has passed their end by the grace.",
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
    )
    def months_to_close(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        in_progress = dg.RunsFilter(job_name=closing.name, statuses=IN_PROGRESS)
        if context.instance.get_runs(in_progress, limit=1):
            return dg.SkipReason("months are being closed already")
        try:
            with psycopg.connect(settings.warehouse(), connect_timeout=10) as connection:
                found = connection.execute(statement("orchestration.sql", "months_to_close")).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return dg.SkipReason("the warehouse has no subscribers' months yet")
        if found is None or found[0] is None:
            return dg.SkipReason("no month may be closed")
        month, count, due_at, data_through = found
        context.log.info(f"{count} subscribers' months may be closed, the last since {due_at.isoformat()}")
        key = f"{month:%Y-%m}"
        add_months(context.instance, [key])
        return dg.RunRequest(run_key=f"{key} {data_through.isoformat()}", partition_key=key)

    return months_to_close


def build_closed_months_sensor(settings: Settings) -> dg.SensorDefinition:
    """Keeps partitions as the warehouse has the months: those that are over, and which of them are closed.

    The job that closes months tells Dagster itself. This one tells what was closed by an earlier release, or
    from another machine or Dagster home, and which months are over since.
    """

    @dg.sensor(
        name="closed_months",
        description="Shows months that are over as partitions, and those that are closed as materialized.",
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def closed_months(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        months = read_months(settings)
        add_months(context.instance, [month.key for month in months])
        events = [month.materialization() for month in unknown_to_dagster(context.instance, months)]
        message = ", ".join(str(event.partition) for event in events)
        return dg.SensorResult(
            asset_events=events,
            skip_reason=f"closed: {message}" if events else "no month was closed elsewhere",
        )

    return closed_months


def build_query_sensors(
    settings: Settings, jobs: Iterable[AssetJob], *, running: bool
) -> list[dg.SensorDefinition]:
    """The sensor `saved_queries`, for the job that delivers."""
    return [
        build_saved_queries_sensor(settings, job, running=running) for job in jobs if job.name == DELIVERIES
    ]


def build_saved_queries_sensor(
    settings: Settings, deliveries: AssetJob, *, running: bool
) -> dg.SensorDefinition:
    """Writes down what is due and starts `deliveries` once for all of it, unless that runs already.

    What a killed run left goes on with the next one. `running` says whether the sensor is on from the start.
    """

    @dg.sensor(
        name="saved_queries",
        job=deliveries,
        description="Delivers saved queries when their schedules say so. Its switch pauses all schedules.",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
    )
    def saved_queries(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        try:
            with psycopg.connect(settings.warehouse(), autocommit=True, connect_timeout=10) as connection:
                noted = note_due(connection, now)
                found = connection.execute(
                    statement("orchestration.sql", "waiting_deliveries"), {"now": now, "lease": LEASE}
                ).fetchone()
                queries = list_all(connection)
        except _NOT_MIGRATED:
            return dg.SkipReason("the warehouse has no saved queries yet: subdyn migrate")
        _log(context, noted)
        waiting, withheld = found or (0, 0)
        why_not = _why_not(context.instance, deliveries.name, waiting, withheld, now)
        return dg.SensorResult(
            # one run for all that is due: the run itself takes what no other run has
            run_requests=[] if why_not else [dg.RunRequest()],
            skip_reason=why_not,
            dynamic_partitions_requests=_partition_requests(context.instance, queries),
            asset_events=_changed(context.cursor, queries, now),
            cursor=_cursor(context.cursor, queries),
        )

    return saved_queries


def _log(context: dg.SensorEvaluationContext, noted: Noted) -> None:
    if noted.due or noted.missed:
        context.log.info(f"{noted.due} due, {noted.missed} missed")
    for fault in noted.faults:
        context.log.error(fault)


def _why_not(
    instance: dg.DagsterInstance, job_name: str, waiting: int, withheld: int, now: datetime
) -> str | None:
    """Why no run is started; None where one is."""
    if not waiting and not withheld:
        return "nothing is due"
    if instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=IN_PROGRESS), limit=1):
        return "deliveries are on their way already"
    ended = instance.get_run_records(dg.RunsFilter(job_name=job_name, statuses=_ENDED), limit=2)
    if not ended:
        return None
    ended_at = ended[0].update_timestamp
    failed = sum(record.dagster_run.status is dg.DagsterRunStatus.FAILURE for record in ended)
    if failed > 1 and now < ended_at + _AFTER_FAILURES:
        return f"the last two runs failed, at {ended_at:%H:%M} UTC: the next is 10 minutes later"
    if waiting:
        return None
    since = dg.RunsFilter(statuses=_ENDED, updated_after=ended_at)
    others = [run for run in instance.get_runs(since) if run.job_name != job_name]
    if others or now >= ended_at + _WITHHELD_AT_LEAST:
        return None
    return f"{withheld} withheld, and nothing ran since that could have healed them"


def _partition_requests(
    instance: dg.DagsterInstance, queries: list[SavedQuery]
) -> list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest]:
    """What brings the partitions to the queries that there are."""
    keys = [str(query.query_id) for query in queries]
    known = instance.get_dynamic_partitions(str(SAVED_QUERIES.name))
    added = [key for key in keys if key not in set(known)]
    gone = [key for key in known if key not in set(keys)]
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if added:
        requests.append(SAVED_QUERIES.build_add_request(added))
    if gone:
        requests.append(SAVED_QUERIES.build_delete_request(gone))
    return requests


def _changed(cursor: str | None, queries: list[SavedQuery], now: datetime) -> list[dg.AssetObservation]:
    """The queries that changed since the cursor, as the UI shows them under their numbers."""
    return [
        dg.AssetObservation(
            DELIVERED, partition=str(query.query_id), metadata=_shown(query, now), description=query.title
        )
        for query in queries
        if cursor is None or _written(query.changed_at) > cursor
    ]


def _cursor(cursor: str | None, queries: list[SavedQuery]) -> str | None:
    """The last change that was shown: in UTC with all its digits, so that texts compare as instants do."""
    return max((_written(query.changed_at) for query in queries), default=cursor)


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _shown(query: SavedQuery, now: datetime) -> dict[str, Any]:
    schedule = query.schedule
    shown: dict[str, Any] = {
        "title": query.title,
        "owner": query.owner,
        "version": query.version,
        "changed by": query.changed_by,
        "report": query.report,
        "parameters": dg.MetadataValue.json(dict(query.parameters)),
        "recipients": ", ".join(query.recipients) or "none",
        "schedule": "none" if schedule is None else f"{schedule.cron} in {schedule.time_zone}",
    }
    if schedule is not None:
        shown["paused"] = schedule.is_paused
        times = next_due_times(schedule, now, _SHOWN_DUE_TIMES)
        shown["next due times (UTC)"] = dg.MetadataValue.md(
            "\n".join(f"- {time:%Y-%m-%d %H:%M}" for time in times)
        )
    return shown
