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
from exports.queries.store import PACKAGE, load
from exports.snapshot import statement

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
    due, missed = 0, 0
    faults: list[str] = []
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement(PACKAGE, "due"), {"now": now}).fetchall():
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
        lock = {"query_id": query_id, "owner": None, "title": None}
        connection.execute(statement(PACKAGE, "lock"), lock)
        query = load(connection, query_id)
        values = {
            "query_id": query_id,
            "formats": list(query.formats),
            "chart": _jsonb(query.chart),
            "requested_by": requested_by,
        }
        found = connection.execute(statement(PACKAGE, "request_now"), values).fetchone()
    assert found is not None  # noqa: S101 - it is known or inserted
    return found[0]


def _write(connection: Connection, query: dict[str, Any], times: Sequence[DueTime]) -> None:
    values = {
        "query_id": query["query_id"],
        "formats": query["formats"],
        "chart": _jsonb(query["chart"]),
        "requested_by": SCHEDULE,
        "due_at": [time.due_at for time in times],
        "state": [time.state for time in times],
        "reason": [time.reason for time in times],
        "last_due_at": times[-1].due_at,
    }
    connection.execute(statement(PACKAGE, "note_due"), values)


def _jsonb(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)
