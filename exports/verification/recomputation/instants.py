"""Instants as numbers, and calendars cut by a zone's distances from UTC as the database server knows them."""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from exports.snapshot import statement
from exports.verification.recomputation.raw_tables import PACKAGE, stream

# An instant is a number of microseconds since this one, as in PostgreSQL; infinity is ahead of every other.
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NEVER = 2**63 - 1
_EPOCH_ORDINAL = EPOCH.date().toordinal()
_DAY = 86_400_000_000
_WIDEST_OFFSET = 26 * 3_600_000_000


def known_zones(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """The zones of the IANA database that the server knows, by their names in lower case."""
    names = [name for (name,) in connection.execute("select name from pg_timezone_names")]
    # what a server's folder of zones holds besides is in lower case
    return {name.lower(): name for name in names if name[0].isupper() and name != "Factory"}


def number_of(instant: datetime) -> int:
    """The instant as a number."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant_of(number: int) -> datetime:
    """The number as an instant in UTC; one that no calendar has becomes the last that it has."""
    if number > number_of(datetime.max.replace(tzinfo=UTC)):
        return datetime.max.replace(tzinfo=UTC)
    return EPOCH + timedelta(microseconds=number)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """The first days of all months from `first` to `last`, both included."""
    while first <= last:
        yield first
        first = next_month(first)


@dataclass(frozen=True)
class LocalClock:
    """A zone's clock: `offsets[i]` to be added to UTC from `since[i]` on, in microseconds."""

    since: Sequence[int]
    offsets: Sequence[int]

    @classmethod
    def read(
        cls, connection: psycopg.Connection[Any], time_zone: str, first: datetime, last: datetime
    ) -> LocalClock:
        """The clock of a zone that the server knows, right between two instants (not after year 9999)."""
        bounds = {"time_zone": time_zone, "first_at": first, "last_at": last}
        rows = list(stream(connection, statement(PACKAGE, "zone_offsets"), bounds))
        return cls((-NEVER, *(at for at, _ in rows[1:])), tuple(offset for _, offset in rows))

    def local(self, instant: int) -> int:
        """What the clock shows, as a number of microseconds since the midnight that began the year 2000."""
        return instant + self.offsets[bisect_right(self.since, instant) - 1]

    def local_date(self, instant: int) -> date:
        """The date that the clock shows."""
        return date.fromordinal(self.local(instant) // _DAY + _EPOCH_ORDINAL)

    def first_instant(self, local: int) -> int:
        """The first instant at which the clock shows this time or, where it jumps over it, a later one."""
        piece = max(bisect_right(self.since, local - _WIDEST_OFFSET) - 1, 0)
        while True:
            instant = max(self.since[piece], local - self.offsets[piece])
            if piece + 1 == len(self.since) or instant < self.since[piece + 1]:
                return instant
            piece += 1

    def day_start(self, day: date) -> int:
        """The first instant of a local date."""
        return self.first_instant((day.toordinal() - _EPOCH_ORDINAL) * _DAY)

    def month_of(self, instant: int) -> date:
        """The first day of the local month whose first instant is the last one not after this instant."""
        month = next_month(self.local_date(instant).replace(day=1))
        while self.day_start(month) > instant:
            month = (month - timedelta(days=1)).replace(day=1)
        return month

    def months_before(self, instant: int, months: int) -> int:
        """The instant so many calendar months earlier; the day of the month stays or is clamped."""
        days, time_of_day = divmod(self.local(instant), _DAY)
        day = date.fromordinal(days + _EPOCH_ORDINAL)
        year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        earlier = date(year, month + 1, min(day.day, last))
        return self.first_instant((earlier.toordinal() - _EPOCH_ORDINAL) * _DAY + time_of_day)
