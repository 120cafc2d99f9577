"""The connection that a report asks on, and why the warehouse behind it cannot answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestration.cli.exits import Failed

if TYPE_CHECKING:
    import psycopg

    from orchestration.settings import Settings

NAMED = 3


@contextmanager
def report_connection(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """The warehouse, as the pipeline.

    Raises Failed in place of NotReady where it is known what was never loaded or what failed last.
    """
    import psycopg

    from exports.errors import NotReady

    try:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            yield connection
    except NotReady as error:
        reasons = [*_never_loaded(settings), *_last_failure(settings)]
        if not reasons:
            raise
        raise Failed("; ".join((error.reason, *reasons, "mend that, then: subdyn run nightly"))) from error


def _never_loaded(settings: Settings) -> Iterator[str]:
    """The tables of each source without a complete load, if others of that source have one."""
    import psycopg
    from psycopg import sql

    from extract.sources import billing, middleware, platform

    tables = {
        "billing": billing.TABLES,
        "platform": platform.TABLES,
        "middleware": middleware.COLLECTIONS,
    }
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        for source in settings.sources:
            try:
                found = connection.execute(
                    sql.SQL("select table_name from {}.watermarks").format(sql.Identifier(f"raw_{source}"))
                )
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                continue
            loaded = {name for (name,) in found}
            missing = [f"{source}.{table.name}" for table in tables[source] if table.name not in loaded]
            if loaded and missing:
                more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
                verb = "was" if len(missing) == 1 else "were"
                yield f"{', '.join(missing[:NAMED])}{more} {verb} never loaded"


def _last_failure(settings: Settings) -> Iterator[str]:
    """What failed first in the last run that ended, if that one failed."""
    if not settings.dagster_home.exists():
        return
    import dagster as dg

    from orchestration.dagster_home import dagster_instance
    from orchestration.failures import failures_of

    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    with dagster_instance(settings) as instance:
        records = instance.get_run_records(dg.RunsFilter(statuses=ended), limit=1)
        for record in records:
            run = record.dagster_run
            if run.status is not dg.DagsterRunStatus.FAILURE:
                continue
            entries = instance.all_logs(run.run_id)
            events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
            failures = failures_of(events) or ["no reason given"]
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            at = f"{record.update_timestamp:%Y-%m-%d %H:%M} UTC"
            yield f"the last run, {run.job_name}, failed at {at}: {failures[0]}{more}"
