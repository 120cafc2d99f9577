"""Rows of app.deliveries for what is due: at most one per saved query and due time, whoever asks at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from exports.queries.due import DueTime, Schedule, dealt_with
from exports.queries.store import load

Connection = psycopg.Connection[Any]
SCHEDULE = "schedule"


@dataclass(frozen=True)
class Noted:
    """What came due: how many rows were written, and why some query's due times cannot be told."""

    due: int
    missed: int
    faults: tuple[str, ...]


def note_due(connection: Connection, now: datetime) -> Noted:
    """Write a row for each due time up to now and remember that it is dealt with, in one transaction.

    Queries that another process deals with, or that somebody is changing, are left to it or to the next call.
    """
    statement = """
        select query_id, title, cron, time_zone, missed, due_after, formats, chart
        from app.saved_queries
        where cron is not null and not is_paused and deleted_at is null and due_after < %s
        order by due_after, query_id
        for update skip locked
    """
    due, missed, faults = 0, 0, []
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement, (now,)).fetchall():
            schedule = Schedule(row["cron"], row["time_zone"], row["missed"])
            try:
                times = dealt_with(schedule, row["due_after"], now)
            except Exception as error:  # a schedule that became unreadable holds up no other
                faults.append(f"saved query {row['query_id']} {row['title']!r}: {error}")
                continue
            if times:
                _write(connection, row, times)
                due += sum(time.state == "due" for time in times)
                missed += sum(time.state == "missed" for time in times)
    return Noted(due, missed, tuple(faults))


def request_now(connection: Connection, query_id: int, requested_by: str) -> int:
    """Ask for the query as if it were due now; the delivery's number, the same for the same requester.

    Raises NotFound where there is no such query.
    """
    with connection.transaction():
        connection.execute("select from app.saved_queries where query_id = %s for update", (query_id,))
        query = load(connection, query_id)
        known = connection.execute(
            """
            select delivery_id from app.deliveries
            where query_id = %s and requested_by = %s and due_at is null
            """,
            (query_id, requested_by),
        ).fetchone()
        found = (
            known
            or connection.execute(
                """
            insert into app.deliveries (query_id, formats, chart, requested_by)
            values (%s, %s, %s, %s)
            returning delivery_id
            """,
                (query_id, list(query.formats), _jsonb(query.chart), requested_by),
            ).fetchone()
        )
    assert found is not None  # noqa: S101 - an insert gives its row back
    return found[0]


def _write(connection: Connection, query: dict[str, Any], times: Sequence[DueTime]) -> None:
    connection.execute(
        """
        insert into app.deliveries (query_id, due_at, formats, chart, state, reason, requested_by)
        select %(query_id)s, told.due_at, %(formats)s, %(chart)s, told.state, told.reason, %(requested_by)s
        from
            unnest(%(due_at)s::timestamptz[], %(state)s::text[], %(reason)s::text[])
                as told (due_at, state, reason)
        on conflict (query_id, due_at) do nothing
        """,
        {
            "query_id": query["query_id"],
            "formats": query["formats"],
            "chart": _jsonb(query["chart"]),
            "requested_by": SCHEDULE,
            "due_at": [time.due_at for time in times],
            "state": [time.state for time in times],
            "reason": [time.reason for time in times],
        },
    )
    connection.execute(
        "update app.saved_queries set due_after = %s where query_id = %s",
        (times[-1].due_at, query["query_id"]),
    )


def _jsonb(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)
