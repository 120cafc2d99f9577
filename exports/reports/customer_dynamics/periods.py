"""The periods of the interval: which local days each holds, where it begins and at which instant it is told.

Days are cut by the database alone; here they are only gathered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from exports.result import Interval

LABELS = {
    "year": lambda day: day.year,
    "month": lambda day: day.replace(day=1),
    "date": lambda day: day,
    None: lambda day: None,
}


@dataclass(frozen=True)
class LocalDay:
    """A date and its first instant."""

    on_date: date
    starts_at: datetime


@dataclass(frozen=True)
class Period:
    """A row's label, its first instant, and `as_of`: its end, or data through if that comes first."""

    label: int | str | date | None
    starts_at: datetime
    as_of: datetime


@dataclass(frozen=True)
class Timeline:
    """The interval asked for, cut into days and periods.

    `days` are those of which something can have happened before the last `as_of`; `day_periods` numbers the
    period of each from 1, 0 where its period is left out. `periods` is empty where the interval has no data.
    """

    asked: Interval
    with_data: Interval | None
    days: tuple[LocalDay, ...]
    day_periods: tuple[int, ...]
    periods: tuple[Period, ...]
    rate_dates: tuple[date, ...]

    @property
    def ends(self) -> list[datetime]:
        """The `as_of` of each period."""
        return [period.as_of for period in self.periods]

    @property
    def cut_hours(self) -> list[datetime]:
        """The UTC hours that do not lie within one of the days, or not wholly before the last `as_of`."""
        bounds = {day.starts_at for day in self.days} | {self.asked.starts_at, *self.ends[-1:]}
        hours = {bound: bound.replace(minute=0, second=0, microsecond=0) for bound in bounds}
        return sorted({hour for bound, hour in hours.items() if hour != bound})


def cut(
    around: Sequence[LocalDay],
    from_date: date,
    to_date: date,
    time_zone: str,
    unit: str | None,
    first_data: datetime | None,
    data_through: datetime,
) -> Timeline:
    """The timeline of the inclusive dates; `around` holds the local days from before them to the day after.

    Periods that begin at or after data through, or end at or before the first data, are left out.
    """
    starts = {day.on_date: day.starts_at for day in around}
    asked = Interval(from_date, to_date, time_zone, starts[from_date], starts[around[-1].on_date])
    if first_data is None or asked.starts_at >= data_through or asked.ends_at <= first_data:
        return Timeline(asked, None, (), (), (), ())

    inside = [number for number, day in enumerate(around) if from_date <= day.on_date <= to_date]
    periods: list[Period] = []
    period_of: dict[date, int] = {}
    for label, numbers in groupby(inside, key=lambda number: LABELS[unit](around[number].on_date)):
        members = list(numbers)
        starts_at, ends_at = around[members[0]].starts_at, around[members[-1] + 1].starts_at
        if starts_at < data_through and ends_at > first_data:
            periods.append(Period(label, starts_at, min(ends_at, data_through)))
            period_of |= {around[number].on_date: len(periods) for number in members}

    last_end = min(asked.ends_at, data_through)
    days = tuple(around[number] for number in inside if around[number].starts_at < last_end)
    instants = [day.starts_at for day in around]
    begins = max(asked.starts_at, first_data)
    with_data = Interval(
        around[bisect_right(instants, begins) - 1].on_date,
        around[bisect_left(instants, last_end) - 1].on_date,
        time_zone,
        begins,
        last_end,
    )
    return Timeline(
        asked,
        with_data,
        days,
        tuple(period_of.get(day.on_date, 0) for day in days),
        tuple(periods),
        # the last local date before the instant, not the one that begins with it
        tuple(around[bisect_left(instants, period.as_of) - 1].on_date for period in periods),
    )
