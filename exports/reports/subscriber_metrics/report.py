"""Generates the subscriber metrics: one query, stored, then rendered from what is stored."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from exports.intervals import resolve_interval
from exports.months import last_day, month_label
from exports.reports.subscriber_metrics.lookups import (
    find_months,
    find_subscriber,
    months_known,
    no_such_month,
    on_clock,
    platform_data_through,
    shown,
    status,
)
from exports.reports.subscriber_metrics.parameters import (
    COLUMNS_OF_ALL,
    COLUMNS_OF_ONE,
    EACH_OWN_ZONE,
    METRICS,
    REPORT,
    TITLE_OF_ALL,
    TITLE_OF_ONE,
    SubscriberMetricsParameters,
)
from exports.result import Cell, Column, GeneratedBy, Interval, Kind, StoredResult, Table, new_result_id
from exports.result_store import store
from exports.snapshot import Snapshot, reading

Row = Mapping[str, Any]
Connection = psycopg.Connection[Any]


def generate(
    connection: Connection,
    parameters: SubscriberMetricsParameters,
    generated_by: GeneratedBy,
    as_of: datetime,
) -> StoredResult:
    """Generate, store and return the grid, as `ask` does it."""
    return store(connection, ask(connection, parameters, generated_by, as_of))


def ask(
    connection: Connection,
    parameters: SubscriberMetricsParameters,
    generated_by: GeneratedBy,
    as_of: datetime,
) -> StoredResult:
    """The grid, not yet stored. The connection must be idle; it is left so.

    as_of is the "now" that a relative month is resolved against. Raises InvalidParameter for an unknown
    subscriber or month, NotReady where the marts are not there yet.
    """
    began = time.perf_counter()
    month = _resolved(parameters.month, as_of)
    with reading(connection) as snapshot:
        data_through = platform_data_through(snapshot)
        if parameters.subscriber_id is None:
            shown_parts = _all_subscribers(snapshot, month, data_through)
        else:
            shown_parts = _one_subscriber(snapshot, month, parameters.subscriber_id, data_through)
    return StoredResult(
        result_id=new_result_id(),
        report=REPORT,
        has_total=False,
        data_through={"platform": data_through},
        generated_by=generated_by,
        as_of=as_of,
        generated_at=as_of,
        duration_seconds=time.perf_counter() - began,
        **shown_parts,
    )


def _resolved(month: date | str | None, as_of: datetime) -> date | None:
    """The month asked for, a relative one seen from that instant in UTC."""
    if not isinstance(month, str):
        return month
    return resolve_interval(month, as_of.astimezone(UTC).date())[0]


def _all_subscribers(snapshot: Snapshot, asked: date | None, data_through: datetime) -> dict[str, Any]:
    month = _chosen_month(snapshot, asked)
    rows = find_months(snapshot, month, None) if month else []
    cells = tuple(
        (
            row["subscriber_name"],
            str(row["subscriber_id"]),
            *(shown(row, m.column) for m in METRICS),
            status(row),
        )
        for row in rows
    )
    shown_month = month or data_through.date().replace(day=1)
    return {
        "title": TITLE_OF_ALL,
        "parameters": {
            "month": month_label(shown_month),
            "subscriber": None,
            "time_zone": EACH_OWN_ZONE,
        },
        "columns": COLUMNS_OF_ALL,
        "rows": cells,
        "message": None if cells else f"no subscriber has metrics for {month_label(shown_month)}",
        **_intervals(rows, shown_month, shown_month, "UTC", data_through),
    }


def _one_subscriber(
    snapshot: Snapshot, month: date | None, subscriber_id: int, data_through: datetime
) -> dict[str, Any]:
    subscriber = find_subscriber(snapshot, subscriber_id)
    rows = find_months(snapshot, month, subscriber_id)
    if month is not None and not rows:
        raise no_such_month(snapshot, month, subscriber_id)
    first = rows[-1]["month"] if rows else data_through.date().replace(day=1)
    last = rows[0]["month"] if rows else first
    return {
        "title": TITLE_OF_ONE,
        "parameters": {
            "month": month_label(month) if month else None,
            "subscriber": subscriber["name"],
            "subscriber_id": subscriber["subscriber_id"],
            "time_zone": subscriber["time_zone"],
        },
        "columns": COLUMNS_OF_ONE,
        "rows": tuple((row["month"], *(shown(row, m.column) for m in METRICS), status(row)) for row in rows),
        "message": None if rows else f"{subscriber['name']} has no month yet",
        "details": (own_sheet(rows[0]),) if rows else (),
        **_intervals(rows, first, last, subscriber["time_zone"], data_through),
    }


def own_sheet(row: Row) -> Table:
    """One month of one subscriber with the long labels, a metric to a line."""
    lines: list[tuple[Cell, ...]] = [("Month", month_label(row["month"])), ("Status", status(row))]
    for metric in METRICS:
        value = shown(row, metric.column)
        if isinstance(value, datetime):
            value = value.isoformat(sep=" ", timespec="seconds")
        lines.append((metric.label, value))
    return Table(
        "Metrics", (Column("Metric", Kind.TEXT), Column(row["subscriber_name"], Kind.COUNT)), tuple(lines)
    )


def _chosen_month(snapshot: Snapshot, month: date | None) -> date | None:
    """The month asked for, else the newest; None where there is none at all."""
    first, last = months_known(snapshot)
    if month is not None and not (first and last and first <= month <= last):
        raise no_such_month(snapshot, month)
    return month or last


def _intervals(
    rows: Sequence[Row], first: date, last: date, time_zone: str, data_through: datetime
) -> dict[str, Any]:
    starts_at = min((row["month_start_at"] for row in rows), default=data_through)
    ends_at = max((row["month_end_at"] for row in rows), default=data_through)
    asked = Interval(first, last_day(last), time_zone, starts_at, ends_at)
    if not rows:
        return {"asked_interval": asked, "data_interval": None}
    known_until = min(ends_at, data_through)
    last_known = on_clock(known_until, time_zone).date()
    data = Interval(first, min(asked.to_date, last_known), time_zone, starts_at, known_until)
    return {"asked_interval": asked, "data_interval": data}
