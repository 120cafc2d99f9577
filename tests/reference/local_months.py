"""Calendar months of a named zone, each from its first instant to the next one's."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.reference.local_time import day_start


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
