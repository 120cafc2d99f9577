"""What the reports on subscribers look up, and the errors for what is not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from exports.errors import InvalidParameter, NotReady, close_ids
from exports.snapshot import Snapshot

PACKAGE = "exports.reports.subscriber_metrics"

Row = Mapping[str, Any]


@cache
def statement(name: str, package: str = PACKAGE) -> bytes:
    """The text of the .sql file of that name in a report's room."""
    return files(package).joinpath(f"{name}.sql").read_bytes()


def platform_data_through(snapshot: Snapshot) -> datetime:
    """The instant up to which the platform is known; raises NotReady before its first complete load."""
    known = snapshot.rows(b"select data_through_at from marts.data_through where source = 'platform'")
    if not known or known[0]["data_through_at"] is None:
        raise NotReady("the platform has never been loaded completely")
    return known[0]["data_through_at"].astimezone(UTC)


def find_subscriber(snapshot: Snapshot, subscriber_id: int) -> Row:
    """The subscriber's name and time_zone; raises InvalidParameter naming what it may have been."""
    known = {row["subscriber_id"]: row for row in snapshot.rows(statement("known_subscribers"))}
    if subscriber_id in known:
        return known[subscriber_id]
    names = {id_: row["name"] for id_, row in known.items()}
    raise InvalidParameter(
        "subscriber", f"unknown subscriber {subscriber_id}: {close_ids(subscriber_id, names)}"
    )


def find_months(snapshot: Snapshot, month: date | None, subscriber_id: int | None) -> list[dict[str, Any]]:
    """The rows of a month, of a subscriber, or both; by subscriber's name, newest month first."""
    return snapshot.rows(statement("metrics"), {"month": month, "subscriber_id": subscriber_id})


def months_known(snapshot: Snapshot, subscriber_id: int | None = None) -> tuple[date | None, date | None]:
    """The oldest and newest month with metrics, of one subscriber or of all; None where there are none."""
    known = snapshot.row(statement("months_known"), {"subscriber_id": subscriber_id})
    return known["first_month"], known["last_month"]


def no_such_month(snapshot: Snapshot, month: date, subscriber_id: int | None = None) -> InvalidParameter:
    """The error for a month without a row, naming the months that there are."""
    first, last = months_known(snapshot, subscriber_id)
    known = f"known: {first:%Y-%m} .. {last:%Y-%m}" if first and last else "there is none"
    whose = "" if subscriber_id is None else f" of subscriber {subscriber_id}"
    return InvalidParameter("month", f"no metrics for month {month:%Y-%m}{whose}; {known}")
