"""The periods of the interval: which local days each holds, where it begins and at which instant it is told.

Days are cut by the database alone; here they are only gathered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

from exports.result import Interval

# No zone lies further east; local midnight of a month's first day comes at most this long before the UTC
# month.
EASTERNMOST = timedelta(hours=15)
MOST_ENDS_READ_ONE_BY_ONE = 2
ONE_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class LocalDay:
    """A date and its first instant.

    `period_date` is the first date of its period; None where the interval is not cut. Where a period ends
    before the day, `active_since` is N months before that instant.
    """

    on_date: date
    starts_at: datetime
    period_date: date | None
    active_since: datetime | None


@dataclass(frozen=True)
class Period:
    """A row's year, quarter, month, week or day (its first date), its first instant, and `as_of`.

    That is its end, or data through if that comes first; `active_since` is N months before it, `rate_date`
    the last date before it.
    """

    period_date: date | None
    starts_at: datetime
    as_of: datetime
    active_since: datetime
    rate_date: date


@dataclass(frozen=True)
class Timeline:
    """The interval asked for, cut into days and periods.

    `days` are those of which something can have happened before the last `as_of`; `day_periods` numbers the
    period of each from 1, 0 where its period is left out. `periods` is empty where the interval has no data.
    """

    asked: Interval
    with_data: Interval | None = None
    days: tuple[LocalDay, ...] = ()
    day_periods: tuple[int, ...] = ()
    periods: tuple[Period, ...] = ()

    @property
    def ends(self) -> list[datetime]:
        """The `as_of` of each period."""
        return [period.as_of for period in self.periods]

    @property
    def parts_of_hours(self) -> list[tuple[datetime, datetime]]:
        """Parts of UTC hours in another day than the hour's middle, or on the other side of the last end."""
        bounds = {day.starts_at for day in self.days} | {self.asked.starts_at, *self.ends[-1:]}
        inside: dict[datetime, list[datetime]] = defaultdict(list)
        for bound in sorted(bounds):
            hour = bound.replace(minute=0, second=0, microsecond=0)
            if hour != bound:
                inside[hour].append(bound)
        parts = [
            (starts_at, ends_at)
            for hour, cuts in inside.items()
            for starts_at, ends_at in pairwise((hour, *cuts, hour + ONE_HOUR))
            if not starts_at <= hour + ONE_HOUR / 2 < ends_at
        ]
        return sorted(parts)


def cut(
    around: Sequence[LocalDay],
    from_date: date,
    to_date: date,
    time_zone: str,
    first_data: datetime | None,
    data_through: datetime,
    active_since: datetime,
) -> Timeline:
    """The timeline of the inclusive dates; `around` holds the local days from before them to the day after.

    Periods that begin at or after data through, or end at or before the first data, are left out.
    active_since: N months before data through.
    """
    starts = {day.on_date: day.starts_at for day in around}
    instants = [day.starts_at for day in around]
    asked = Interval(from_date, to_date, time_zone, starts[from_date], around[-1].starts_at)
    if first_data is None or asked.starts_at >= data_through or asked.ends_at <= first_data:
        return Timeline(asked)

    def last_date_before(instant: datetime) -> date:
        return around[bisect_left(instants, instant) - 1].on_date

    inside = [number for number, day in enumerate(around) if from_date <= day.on_date <= to_date]
    periods: list[Period] = []
    period_of: dict[date, int] = {}
    for period_date, numbers in groupby(inside, key=lambda number: around[number].period_date):
        members = list(numbers)
        starts_at, after = around[members[0]].starts_at, around[members[-1] + 1]
        if starts_at < data_through and after.starts_at > first_data:
            as_of, since = data_through, active_since
            if after.starts_at <= data_through and after.active_since is not None:
                as_of, since = after.starts_at, after.active_since
            periods.append(Period(period_date, starts_at, as_of, since, last_date_before(as_of)))
            period_of |= {around[number].on_date: len(periods) for number in members}

    last_end = min(asked.ends_at, data_through)
    days = tuple(around[number] for number in inside if around[number].starts_at < last_end)
    begins = max(asked.starts_at, first_data)
    first_date = around[bisect_right(instants, begins) - 1].on_date
    with_data = Interval(first_date, last_date_before(last_end), time_zone, begins, last_end)
    numbers_of_days = tuple(period_of.get(day.on_date, 0) for day in days)
    return Timeline(asked, with_data, days, numbers_of_days, tuple(periods))


@dataclass(frozen=True)
class Checkpoints:
    """The month starts that period ends are read from, each with the first and last number of its ends.

    walk_from: the one month start that all ends are read from; None where each end is read by itself.
    """

    month_starts: tuple[datetime, ...]
    first_ends: tuple[int, ...]
    last_ends: tuple[int, ...]
    walk_from: datetime | None = None


def checkpoints(ends: Sequence[datetime], data_through: datetime) -> Checkpoints:
    """Where to read ends from: where a month holds many, every change is read once from before the first."""
    if max(Counter(_month_start(end) for end in ends).values()) > MOST_ENDS_READ_ONE_BY_ONE:
        first = _month_start(ends[0])
        return Checkpoints((first,), (1,), (len(ends),), first)
    numbers = tuple(range(1, len(ends) + 1))
    return Checkpoints(tuple(_nearest(end, data_through) for end in ends), numbers, numbers)


def _month_start(instant: datetime) -> datetime:
    """The start of the UTC month an instant lies in."""
    return instant.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _nearest(end: datetime, data_through: datetime) -> datetime:
    """The month start shortly after the end if it is known, else the one before."""
    before = _month_start(end)
    after = _month_start(before + timedelta(days=32))
    return after if after - end <= EASTERNMOST and after <= data_through else before
