"""Closes a month as soon as it may be closed, in whichever zone it is over first; shows what is closed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import psycopg

from orchestration.closed_months import read_months, unknown_to_dagster
from orchestration.compatibility import AssetJob
from orchestration.partitions import add_months
from orchestration.runs import IN_PROGRESS
from orchestration.settings import Settings

_DUE = Path(__file__).with_name("months_to_close.sql")


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
                found = connection.execute(_DUE.read_bytes()).fetchone()
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
