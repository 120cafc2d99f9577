"""Local days and calendar months, worked out with zoneinfo alone: slow and obviously right.

A local day begins at its first instant, whatever the clock shows then (01:00 where midnight is skipped). A
day that does not exist has no length: it begins where the next one does. The date of an instant is the last
one that had begun by then.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
SMALLEST = timedelta(microseconds=1)


@cache
def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first UTC instant at which the zone's clocks show that local time or a later one."""
    instant = local.replace(fold=0, tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    before, after = instant - 2 * ONE_DAY, instant + 2 * ONE_DAY
    while after - before > SMALLEST:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).replace(tzinfo=None) >= local:
            after = middle
        else:
            before = middle
    return after


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first UTC instant of a local day; that of the next day for a day that never was."""
    return first_instant(datetime.combine(day, time()), zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The last local date that had begun by the instant."""
    day = instant.astimezone(zone).date() + ONE_DAY
    while day_start(day, zone) > instant:
        day -= ONE_DAY
    return day


def months_before(instant: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The instant whole calendar months earlier on the zone's clock, the day clamped to the month's last.

    Of a clock time that occurs twice the first is meant; for one that is skipped, the instant of the jump.
    """
    local = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return first_instant(local.replace(year=year, month=month + 1, day=day), zone)


@cache
def first_instant_of_local_day(day: date, zone: str) -> datetime:
    """Return the first instant (UTC) of a local day; that of the next day for one that never was."""
    return day_start(day, ZoneInfo(zone))


def next_month(month: date) -> date:
    """Return the first day of the month after the one that begins on `month`."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_bounds(month: date, zone: str) -> tuple[datetime, datetime]:
    """Return the half-open interval (UTC) of the local month that begins on `month`."""
    return first_instant_of_local_day(month, zone), first_instant_of_local_day(next_month(month), zone)


def month_of(instant: datetime, zone: str) -> date:
    """Return the first day of the local month that contains `instant`."""
    shown = instant.astimezone(ZoneInfo(zone)).date().replace(day=1)
    for month in ((shown - timedelta(days=1)).replace(day=1), shown, next_month(shown)):
        start, end = month_bounds(month, zone)
        if start <= instant < end:
            return month
    raise AssertionError(f"{instant} lies in no month of {zone}")


def months_between(first: date, last: date) -> Iterator[date]:
    """Yield the first days of all months from `first` to `last`, both included."""
    while first <= last:
        yield first
        first = next_month(first)
