"""Which stored results may go, and letting them go.

A result goes only where nothing holds it: no link that still opens it, no delivery, no closed month whose
evidence it is. That rule, app.held_results, is the database's: it refuses to delete any other row, whoever
asks. Files are not looked for: what was rendered lies where its reader put it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from exports.errors import InvalidParameter, NotReady, ReportError
from exports.snapshot import first_line, statement

# What one transaction prunes: short enough that nobody waits for it.
BATCH = 500
PRUNE = "select app.prune_report_results(%(stored_before)s, %(pruned_by)s, %(at_most)s::integer)"
NOT_MIGRATED = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)


@dataclass(frozen=True)
class Ages:
    """The stored results of one report from before an instant, those that may go or those that are held.

    `held_by` says what holds them, several where several do; None: nothing. `byte_count` is what the
    database stores of them, compressed.
    """

    report: str
    held_by: str | None
    result_count: int
    byte_count: int
    oldest_at: datetime
    newest_at: datetime


def survey(connection: psycopg.Connection[Any], stored_before: datetime) -> list[Ages]:
    """What was stored before that instant, by report and by what holds it; changes nothing."""
    try:
        with connection.cursor(row_factory=class_row(Ages)) as cursor:
            return cursor.execute(statement(__name__, "survey"), {"stored_before": stored_before}).fetchall()
    except NOT_MIGRATED as error:
        raise _not_migrated(error) from error


def prune(
    connection: psycopg.Connection[Any], stored_before: datetime, pruned_by: str
) -> Generator[int, None, None]:
    """Prune what was stored before that instant and nothing holds, a batch a transaction; how many each time.

    What was pruned is noted in app.pruned_results. Stopped in between, a batch is pruned whole or not at all.
    Raises InvalidParameter for results of the last day, ReportError where the database refuses.
    """
    asked = {"stored_before": stored_before, "pruned_by": pruned_by, "at_most": BATCH}
    while True:
        try:
            with connection.transaction():
                row = connection.execute(PRUNE, asked).fetchone()
        except psycopg.errors.InvalidParameterValue as error:
            raise InvalidParameter("older-than", f"older-than: {first_line(error)}") from None
        except NOT_MIGRATED as error:
            raise _not_migrated(error) from error
        except psycopg.Error as error:
            raise ReportError(f"the warehouse could not prune: {first_line(error)}") from error
        if row is None or not row[0]:
            return
        yield row[0]


def _not_migrated(error: psycopg.Error) -> NotReady:
    return NotReady(f"the warehouse cannot prune yet ({first_line(error)})", "run: subdyn migrate")
