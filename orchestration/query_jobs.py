"""Jobs of one saved query, picked as a partition: its schedule rests, or goes on."""

import dagster as dg
import psycopg

from exports.errors import ReportError
from exports.queries.store import ADMINISTRATOR, pause
from exports.result import GeneratedBy
from orchestration.partitions import SAVED_QUERIES
from orchestration.resources import SettingsResource
from orchestration.runs import begin


def build_query_jobs() -> list[dg.JobDefinition]:
    """pause_saved_query and resume_saved_query; due times that pass in between are not made up for."""
    return [
        _job("pause_saved_query", "Let a saved query's schedule rest: pick its number.", is_paused=True),
        _job("resume_saved_query", "Let a saved query's schedule go on from now.", is_paused=False),
    ]


def _job(name: str, description: str, *, is_paused: bool) -> dg.JobDefinition:
    @dg.op(name=f"{name}_by_number")
    def set_paused(context: dg.OpExecutionContext, settings: SettingsResource) -> None:
        now = begin(context)
        by = GeneratedBy(f"run {context.run.run_id}", ADMINISTRATOR)
        try:
            with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
                query = pause(connection, int(context.partition_key), by, now, is_paused=is_paused)
        except (ReportError, ValueError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        context.log.info(f"{query.name} {'rests' if is_paused else 'goes on'}")

    @dg.job(name=name, description=description, partitions_def=SAVED_QUERIES)
    def paused() -> None:
        set_paused()

    return paused
