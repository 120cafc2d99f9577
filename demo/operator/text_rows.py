"""Rows as tab-separated text, the one form that COPY and LOAD DATA both read, and integer time and money.

Instants are microseconds since 1970 in UTC, amounts are millionths: integers keep sums exact.
"""

import calendar
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

Instant = int
Amount = int

SECOND: Instant = 1_000_000
HOUR: Instant = 3600 * SECOND
DAY: Instant = 24 * HOUR
UNIT: Amount = 1_000_000

NULL = "\\N"
EPOCH = date(1970, 1, 1)
_CLOCK = [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}" for second in range(86_400)]


def instant(day: date) -> Instant:
    """The first instant of a UTC day."""
    return (day - EPOCH).days * DAY


def day_of(when: Instant) -> date:
    """The UTC day of an instant."""
    return EPOCH + timedelta(days=when // DAY)


def as_datetime(when: Instant) -> datetime:
    """An instant as an aware datetime in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=when)


@cache
def local_midnight(day: date, time_zone: str) -> Instant:
    """The instant at which clocks in the zone show 00:00 of the day."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone))
    return round(local.timestamp()) * SECOND


def add_months(day: date, months: int) -> date:
    """The same day of the month some months later, clamped to that month's last day."""
    # relativedelta takes six times as long (8 us), and every renewal asks
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@cache
def _day_text(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def time_text(when: Instant | None) -> str:
    """An instant as text in UTC, to the microsecond."""
    if when is None:
        return NULL
    day, rest = divmod(when, DAY)
    second, fraction = divmod(rest, SECOND)
    return f"{_day_text(day)} {_CLOCK[second]}.{fraction:06d}"


def money_text(amount: Amount) -> str:
    """An amount as decimal text with six places."""
    whole, fraction = divmod(abs(amount), UNIT)
    return f"{'-' if amount < 0 else ''}{whole}.{fraction:06d}"


def text_or_null(value: str | int | None) -> str:
    """A value as text; the loaders' mark where there is none. Values hold no tab, newline or backslash."""
    return NULL if value is None else str(value)


def line(values: Iterable[str | int | None]) -> str:
    """One row of ready texts, numbers and Nones."""
    return "\t".join(NULL if value is None else str(value) for value in values) + "\n"
