"""What the reports on subscribers look up, errors for what is not there, and values as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from exports.errors import InvalidParameter, NotReady, close_ids
from exports.result import Cell
from exports.snapshot import Snapshot, statement
from exports.time_zones import canonical_time_zone

PACKAGE = "exports.reports.subscriber_metrics"

Row = Mapping[str, Any]


def platform_data_through(snapshot: Snapshot) -> datetime:
    """The instant up to which the platform is known; raises NotReady before its first complete load."""
    known = snapshot.rows(statement(PACKAGE, "data_through"))
    if not known or known[0]["data_through_at"] is None:
        raise NotReady("the platform has never been loaded completely")
    return known[0]["data_through_at"].astimezone(UTC)


def find_subscriber(snapshot: Snapshot, subscriber_id: int) -> Row:
    """The subscriber's name and time_zone; raises InvalidParameter naming what it may have been."""
    known = {row["subscriber_id"]: row for row in snapshot.rows(statement(PACKAGE, "known_subscribers"))}
    if subscriber_id in known:
        return known[subscriber_id]
    names = {id_: row["name"] for id_, row in known.items()}
    raise InvalidParameter(
        "subscriber", f"unknown subscriber {subscriber_id}: {close_ids(subscriber_id, names)}"
    )


def find_months(snapshot: Snapshot, month: date | None, subscriber_id: int | None) -> list[dict[str, Any]]:
    """The rows of a month, of a subscriber, or both; by subscriber's name, newest month first."""
    return snapshot.rows(statement(PACKAGE, "metrics"), {"month": month, "subscriber_id": subscriber_id})


def months_known(snapshot: Snapshot, subscriber_id: int | None = None) -> tuple[date | None, date | None]:
    """The oldest and newest month with metrics, of one subscriber or of all; None where there are none."""
    known = snapshot.row(statement(PACKAGE, "months_known"), {"subscriber_id": subscriber_id})
    return known["first_month"], known["last_month"]


def no_such_month(snapshot: Snapshot, month: date, subscriber_id: int | None = None) -> InvalidParameter:
    """The error for a month without a row, naming the months that there are."""
    first, last = months_known(snapshot, subscriber_id)
    known = f"known: {first:%Y-%m} .. {last:%Y-%m}" if first and last else "there is none"
    whose = "" if subscriber_id is None else f" of subscriber {subscriber_id}"
    return InvalidParameter("month", f"no metrics for month {month:%Y-%m}{whose}; {known}")


def status(row: Row) -> str:
    """Whether a month is closed, was closed late, or is live."""
    if not row["is_closed"]:
        return "live"
    return "closed late" if row["closed_late"] else "closed"


def shown(row: Row, metric: str) -> Cell:
    """A metric's cell; the peak's moment on the subscriber's clock."""
    value = row[metric]
    if isinstance(value, datetime):
        return on_clock(value, row["time_zone"])
    return whole_if_it_is(value) if isinstance(value, Decimal) else value


def on_clock(instant: datetime, time_zone: str) -> datetime:
    """The instant as the zone's clock showed it, with the offset of that moment.

    Months closed by an earlier release bear the zone as the source spelt it.
    """
    local = instant.astimezone(ZoneInfo(canonical_time_zone(time_zone)))
    # With its zone an ambiguous instant equals none read back from storage; with its offset it does.
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))


def whole_if_it_is(number: Decimal) -> int | str:
    """The number as a count where it is whole, else its digits."""
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"
