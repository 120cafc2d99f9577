"""A month's values as people see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from exports.result import Cell
from exports.time_zones import canonical_time_zone

Row = Mapping[str, Any]


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
