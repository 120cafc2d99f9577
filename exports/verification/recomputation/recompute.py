"""What of a source is recomputed, in one snapshot of a warehouse whose marts show all that was extracted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from exports.snapshot import reading
from exports.verification.comparison import Comparison
from exports.verification.recomputation import company_months, customers, subscriber_months
from exports.verification.recomputation.instants import statement
from exports.verification.recomputation.subscriber_facts import Choices

# What is told how far a recomputation is: its name and how many are done.
Progress = Callable[[str, int], None]


def quietly(_name: str, _done: int) -> None:
    """Progress that nobody watches."""


def recompute_subscriber_months(
    connection: psycopg.Connection[Any],
    as_of: datetime | None,
    choices: Choices,
    progress: Progress = quietly,
) -> Comparison:
    """The slice of subscriber-months of the night of `as_of`, or all of them where it is None.

    The connection must be idle. Raises NotReady where something it reads was never built.
    """
    name = subscriber_months.NAME
    with reading(connection):
        through, behind = _state(connection, "platform", Comparison(name, subscriber_months.UNIT))
        if behind is not None:
            return behind
        return subscriber_months.recompute_subscriber_months(
            connection, through, as_of, choices, lambda done: progress(name, done)
        )


def recompute_customers(
    connection: psycopg.Connection[Any], as_of: datetime | None, progress: Progress = quietly
) -> Comparison:
    """The slice of customers of the night of `as_of`, or all of them where it is None; as above."""
    name = customers.NAME
    with reading(connection):
        through, behind = _state(connection, "billing", Comparison(name, customers.UNIT))
        if behind is not None:
            return behind
        return customers.recompute_customers(connection, through, as_of, lambda done: progress(name, done))


def recompute_company_months(
    connection: psycopg.Connection[Any], as_of: datetime | None, progress: Progress = quietly
) -> Comparison:
    """The slice of company days of the night of `as_of`, or all of them where it is None; as above.

    The series are built at night: by day they are older than what was extracted, and are left alone.
    """
    name = company_months.NAME
    with reading(connection):
        comparison = Comparison(name, company_months.UNIT)
        through, behind = _state(connection, "billing", comparison)
        if behind is not None:
            return behind
        reach = connection.execute(statement("series_reach")).fetchone()
        if reach is not None and reach[0] is not None and reach[0] < through:
            comparison.skipped = (
                f"the series reach {_shown(reach[0])}, the night's run takes them to {_shown(through)}"
            )
            return comparison
        return company_months.recompute_company_months(
            connection, through, as_of, lambda done: progress(name, done)
        )


def _state(
    connection: psycopg.Connection[Any], source: str, comparison: Comparison
) -> tuple[datetime, Comparison | None]:
    """Data through of the source; and the comparison, finished, where the marts do not show all of it."""
    row = connection.execute(
        sql.SQL("select min(as_of) from {}").format(sql.Identifier(f"raw_{source}", "watermarks"))
    ).fetchone()
    if row is None or row[0] is None:
        comparison.skipped = f"{source} was never loaded"
        return datetime.min.replace(tzinfo=UTC), comparison
    for table, model, position in connection.execute(statement("unread_loads"), {"source": source}):
        last = connection.execute(
            sql.SQL("select max(_load_id) from {}").format(sql.Identifier(f"raw_{source}", table))
        ).fetchone()
        if last is not None and (last[0] or 0) > position:
            comparison.add(
                f"{source}.{table}",
                f"load {last[0]}",
                f"extracted, and {model} has read up to load {position} only: run: subdyn run nightly",
            )
    return row[0], comparison if comparison.found else None


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
