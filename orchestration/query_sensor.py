"""Notices which saved queries are due and starts one run for all; shows the queries as partitions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg

from exports.delivery.outbox import LEASE
from exports.queries.definition import SavedQuery
from exports.queries.deliveries import Noted, note_due
from exports.queries.due import next_due_times
from exports.queries.store import list_all
from orchestration.assets.deliveries import DELIVERED, DELIVERIES
from orchestration.compatibility import AssetJob
from orchestration.partitions import SAVED_QUERIES
from orchestration.runs import IN_PROGRESS
from orchestration.settings import Settings

_WAITING = Path(__file__).with_name("waiting_deliveries.sql")
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
                found = connection.execute(_WAITING.read_bytes(), {"now": now, "lease": LEASE}).fetchone()
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
