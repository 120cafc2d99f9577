"""Closes a month as soon as it may be closed, in whichever zone it is over first."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import psycopg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from orchestration.settings import Settings

_DUE = Path(__file__).with_name("months_to_close.sql")


def build_closing_sensor(
    settings: Settings, closing: UnresolvedAssetJobDefinition, *, running: bool
) -> dg.SensorDefinition:
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
        in_progress = dg.RunsFilter(job_name=closing.name, statuses=IN_PROGRESS_RUN_STATUSES)
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
        return dg.RunRequest(run_key=f"{month} {data_through.isoformat()}", partition_key=month.isoformat())

    return months_to_close
