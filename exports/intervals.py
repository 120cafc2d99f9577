"""Relative intervals: last-month and the like as inclusive local dates. Weeks begin on Monday."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from exports.errors import InvalidParameter, close_matches

ONE_DAY = timedelta(days=1)
MOST_UNITS = 1200
# No operator has data before or plans beyond; every calendar and zone in use agrees between them.
EARLIEST, LATEST = date(1700, 1, 1), date(2200, 12, 31)

Dates = tuple[date, date]


def _month_start(day: date, months: int = 0) -> date:
    """The first of the month that lies so many months after the day's own."""
    return day + relativedelta(day=1, months=months)


def _months(today: date, first: int, count: int) -> Dates:
    return _month_start(today, first), _month_start(today, first + count) - ONE_DAY


def _week(today: date, weeks: int) -> Dates:
    monday = today - today.weekday() * ONE_DAY + weeks * 7 * ONE_DAY
    return monday, monday + 6 * ONE_DAY


def _quarter_offset(today: date) -> int:
    return -((today.month - 1) % 3)


NAMED: dict[str, Callable[[date], Dates]] = {
    "today": lambda today: (today, today),
    "yesterday": lambda today: (today - ONE_DAY, today - ONE_DAY),
    "this-week": lambda today: _week(today, 0),
    "last-week": lambda today: _week(today, -1),
    "this-month": lambda today: _months(today, 0, 1),
    "last-month": lambda today: _months(today, -1, 1),
    "this-quarter": lambda today: _months(today, _quarter_offset(today), 3),
    "last-quarter": lambda today: _months(today, _quarter_offset(today) - 3, 3),
    "this-year": lambda today: _months(today, 1 - today.month, 12),
    "last-year": lambda today: _months(today, 1 - today.month - 12, 12),
}
INTERVALS = f"{', '.join(NAMED)}, or last-N-days, -weeks, -months, -years"
# Whole units that ended before today: the last 7 days end yesterday, the last 3 months with the previous
# month.
COUNTED = re.compile(r"last-(?P<count>[1-9]\d{0,4})-(?P<unit>day|week|month|year)s?")


def check_interval_name(name: str) -> str:
    """The name as it is kept; raises InvalidParameter with what is allowed."""
    kept = name.strip().lower().replace("_", "-").replace(" ", "-")
    counted = COUNTED.fullmatch(kept)
    if kept in NAMED or (counted is not None and int(counted["count"]) <= MOST_UNITS):
        return kept
    raise InvalidParameter(
        "interval",
        f"unknown interval {name!r}: use {INTERVALS}"
        f" with N from 1 to {MOST_UNITS} ({close_matches(kept, [*NAMED, 'last-7-days', 'last-30-days'])})",
    )


def resolve_interval(name: str, today: date) -> Dates:
    """First and last local date of the named interval, seen from that local date.

    Raises InvalidParameter for an unknown name, and for dates outside EARLIEST .. LATEST.
    """
    kept = check_interval_name(name)
    try:
        dates = _resolved(kept, today)
    except (OverflowError, ValueError):
        dates = (date.min, date.max)
    if not EARLIEST <= dates[0] <= dates[1] <= LATEST:
        raise InvalidParameter(
            "interval", f"interval {kept} seen from {today} lies outside {EARLIEST} .. {LATEST}"
        )
    return dates


def _resolved(kept: str, today: date) -> Dates:
    if kept in NAMED:
        return NAMED[kept](today)
    counted = COUNTED.fullmatch(kept)
    assert counted is not None  # noqa: S101 - check_interval_name has seen to it
    count = int(counted["count"])
    match counted["unit"]:
        case "day":
            return today - count * ONE_DAY, today - ONE_DAY
        case "week":
            return _week(today, -count)[0], _week(today, -1)[1]
        case "month":
            return _months(today, -count, count)
        case _:
            return _months(today, 1 - today.month - 12 * count, 12 * count)
