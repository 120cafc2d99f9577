"""Calendar months of a named zone, found the slow way: the zone is asked about every minute around midnight."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo


@cache
def first_instant_of_local_day(day: date, zone: str) -> datetime:
    """Return the first instant (UTC) at which a clock in `zone` shows `day` or, if it never does, a later one."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    # Zones lie between 12 hours behind UTC and 14 hours ahead of it.
    for minute in range(-15 * 60, 27 * 60):
        instant = midnight + timedelta(minutes=minute)
        if instant.astimezone(ZoneInfo(zone)).date() >= day:
            return instant
    raise AssertionError(f"no clock in {zone} ever reaches {day}")


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
