"""Every day of a company's month, and the month itself, recomputed from raw movements and compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg

from exports.verification.comparison import Comparison
from exports.verification.recomputation.instants import (
    LocalClock,
    instant_of,
    months_between,
    next_month,
    number_of,
    statement,
    stream,
)
from exports.verification.recomputation.rates import Rates
from exports.verification.recomputation.rotation import EVERYTHING, Rotation

NAME, UNIT = "company days recomputed from raw", "company days"
# How many customers' months a night sums up, and how many months of companies it looks at.
NIGHTLY_CUSTOMERS = 200_000
NIGHTLY_MONTHS = 100
_DURATIONS = (1, 3, 6, 12)
_COUNTS = ("refill_count", "activation_count", "renewal_count")
_AMOUNTS = ("refill_amount", "pay_as_you_go_amount", "activation_amount", "renewal_amount")
# Quotients are cut somewhere; anything that went wrong moves an amount by more.
_TOLERANCE = Fraction(1, 10**6)
_MARGIN = timedelta(days=400)
Figures = dict[str, Fraction | int | None]


@dataclass(frozen=True)
class _Company:
    company_id: int
    parent_id: int | None
    time_zone: str
    currency: str
    customers: int


@dataclass(frozen=True)
class _Day:
    local_date: date
    start: int
    as_of: int


@dataclass
class _Series:
    connection: psycopg.Connection[Any]
    data_through: datetime
    first_data: datetime
    companies: dict[int, _Company]
    clocks: dict[str, LocalClock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.until, self.first = number_of(self.data_through), number_of(self.first_data)
        self.below: dict[int | None, list[int]] = defaultdict(list)
        for company in self.companies.values():
            self.below[company.parent_id].append(company.company_id)
        self.rates = Rates(
            self.connection.execute(
                "select base_currency, currency, rate_date, rate from raw_billing.exchange_rates"
                " where _deleted_at is null"
            )
        )

    def branch(self, company_id: int) -> list[int]:
        """The company and all below it."""
        found, waiting = {company_id}, [company_id]
        while waiting:
            for below in self.below[waiting.pop()]:
                if below not in found:
                    found.add(below)
                    waiting.append(below)
        return sorted(found)

    def clock(self, time_zone: str) -> LocalClock:
        if time_zone not in self.clocks:
            self.clocks[time_zone] = LocalClock.read(
                self.connection, time_zone, self.first_data - _MARGIN, self.data_through + _MARGIN
            )
        return self.clocks[time_zone]

    def months(self, company: _Company) -> Iterator[date]:
        clock = self.clock(company.time_zone)
        first, last = clock.local_date(self.first), clock.local_date(self.until - 1)
        return months_between(first.replace(day=1), last.replace(day=1))

    def days(self, company: _Company, month: date) -> list[_Day]:
        """The days of the month in the series: begun before data through, ended after the first data."""
        clock = self.clock(company.time_zone)
        found = []
        day = month
        while day < next_month(month):
            start, end = clock.day_start(day), clock.day_start(day + timedelta(days=1))
            if start < end and start < self.until and end > self.first:
                found.append(_Day(day, start, min(end, self.until)))
            day += timedelta(days=1)
        return found

    def figures(self, company: _Company, days: list[_Day]) -> dict[tuple[date | None, int], Figures]:
        """The figures by local date (None: the month) and active duration; unrounded."""
        clock = self.clock(company.time_zone)
        parameters: dict[str, Any] = {
            "company_ids": self.branch(company.company_id),
            "as_ofs": [instant_of(day.as_of) for day in days],
            "starts": [instant_of(day.start) for day in days],
            "ends_at": instant_of(days[-1].as_of),
            "data_through": self.data_through,
        }
        for months in _DURATIONS:
            starts = [instant_of(clock.months_before(day.as_of, months)) for day in days]
            parameters[f"windows_{months}"] = starts
        rate_dates = [clock.local_date(day.as_of - 1) for day in days]
        states = self._states(parameters, company.currency, rate_dates)
        movements = self._movements(parameters, company.currency, days)
        found: dict[tuple[date | None, int], Figures] = {}
        for months in _DURATIONS:
            for position, day in enumerate(days):
                found[day.local_date, months] = _row(states[position], movements[position], months)
            total = {name: sum(one[name] for one in movements) for name in (*_COUNTS, *_AMOUNTS)}
            found[None, months] = _row(states[-1], total, months)
        return found

    def _states(
        self, parameters: dict[str, Any], currency: str, rate_dates: list[date]
    ) -> list[dict[str, list[Any]]]:
        """By day and block: customers, positive and negative balances in the company's currency."""
        moved: dict[int, list[tuple[str, str, int, Fraction, Fraction]]] = defaultdict(list)
        for of, block, day, count, pos, neg in self.connection.execute(
            statement("company_states"), parameters, prepare=False
        ):
            moved[day].append((of, block, count, Fraction(pos), Fraction(neg)))
        held: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Fraction(), Fraction()])
        days = []
        for position, rate_date in enumerate(rate_dates):
            for of, block, count, pos, neg in moved[position + 1]:
                sums = held[of, block]
                sums[0] += count
                sums[1] += pos
                sums[2] += neg
            shown: dict[str, list[Any]] = defaultdict(lambda: [0, Fraction(), Fraction()])
            for (of, block), (count, pos, neg) in held.items():
                sums = shown[block]
                sums[0] += count
                sums[1] += self._converted(pos, of, currency, rate_date)
                sums[2] += self._converted(neg, of, currency, rate_date)
            days.append(shown)
        return days

    def _movements(self, parameters: dict[str, Any], currency: str, days: list[_Day]) -> list[dict[str, Any]]:
        sums: list[dict[str, Any]] = [dict.fromkeys((*_COUNTS, *_AMOUNTS), 0) for _ in days]
        for of, number, *values in self.connection.execute(
            statement("company_movements"), parameters, prepare=False
        ):
            refills, refilled, used, activations, activated, renewals, renewed = values
            day = sums[number - 1]
            for name, count in zip(_COUNTS, (refills, activations, renewals), strict=True):
                day[name] += count
            for name, amount in zip(_AMOUNTS, (refilled, used, activated, renewed), strict=True):
                day[name] += self._converted(Fraction(amount), of, currency, days[number - 1].local_date)
        return sums

    def _converted(self, amount: Fraction, source: str, target: str, on_date: date) -> Fraction:
        if not amount:
            return amount
        rate = self.rates.rate(source, target, on_date)
        if rate is None:
            raise LookupError(f"no exchange rate from {source} to {target} on or before {on_date}")
        return amount * rate


def recompute_company_months(
    connection: psycopg.Connection[Any],
    data_through: datetime,
    as_of: datetime | None,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Recompute the slice of the night of `as_of`, or every company's every month where it is None.

    Needs a connection inside a transaction; `progress` is told how many company days are done. The database
    sums up one company's month at a time.
    """
    comparison = Comparison(NAME, UNIT)
    companies = {row[0]: _Company(*row) for row in stream(connection, "companies", {})}
    first = connection.execute(
        "select min(created_at) from raw_billing.customers where _deleted_at is null and isfinite(created_at)"
    ).fetchone()
    if first is None or first[0] is None or first[0] >= data_through:
        return comparison
    zones = {name for (name,) in connection.execute("select lower(name) from pg_timezone_names")}
    series = _Series(connection, data_through, first[0], companies)
    months = [
        (company, month)
        for company in companies.values()
        if company.time_zone.lower() in zones
        for month in series.months(company)
    ]
    rotation = EVERYTHING
    if as_of is not None:
        weight = {id_: sum(companies[below].customers for below in series.branch(id_)) for id_ in companies}
        customers = sum(weight[company.company_id] for company, _ in months)
        rotation = max(
            Rotation.of_date(as_of, customers, NIGHTLY_CUSTOMERS),
            Rotation.of_date(as_of, len(months), NIGHTLY_MONTHS),
            key=lambda one: one.nights,
        )
    comparison.nights = rotation.nights
    for company, month in months:
        if rotation.takes(company.company_id, month):
            _compare(comparison, series, company, month)
            progress(comparison.checked)
    return comparison


def _compare(comparison: Comparison, series: _Series, company: _Company, month: date) -> None:
    days = series.days(company, month)
    if not days:
        return
    comparison.checked += len(days)
    asked = {"company_id": company.company_id, "month": month}
    shown = {
        (local_date, months): {**json.loads(row, parse_float=Decimal), "as_of_at": as_of_at}
        for row, local_date, months, as_of_at in series.connection.execute(
            statement("company_rows"), asked, prepare=False
        )
    }
    try:
        figures = series.figures(company, days)
    except LookupError as error:
        comparison.add(f"company {company.company_id}, month {month:%Y-%m}", None, str(error))
        return
    as_ofs: dict[date | None, int] = {day.local_date: day.as_of for day in days} | {None: days[-1].as_of}
    for at in figures.keys() | shown.keys():
        local_date, months = at
        when = f"{local_date}" if local_date else f"month {month:%Y-%m}"
        key = f"company {company.company_id}, {when}, active duration {months}"
        if at not in shown:
            comparison.add(key, None, "follows from raw and is not in the series")
        elif at not in figures:
            comparison.add(key, None, "no such row follows from raw")
        else:
            _compare_row(comparison, key, shown[at], figures[at])
            for name, known in (("currency", company.currency), ("as_of_at", instant_of(as_ofs[local_date]))):
                if shown[at][name] != known:
                    comparison.add(key, f"{name} {shown[at][name]}", f"recomputed from raw: {known}")


def _compare_row(comparison: Comparison, key: str, shown: dict[str, Any], figures: Figures) -> None:
    for name, known in figures.items():
        stored = shown[name]
        if (stored is None) != (known is None) or (
            known is not None and abs(Fraction(str(stored)) - known) > _TOLERANCE
        ):
            comparison.add(key, f"{name} {_text(stored)}", f"recomputed from raw: {_text(known)}")


def _row(states: dict[str, list[Any]], movements: dict[str, Any], months: int) -> Figures:
    figures: Figures = {}
    for block in ("active", "overall_active", "all"):
        count, pos, neg = states[f"active_{months}" if block == "active" else block]
        figures |= {
            f"{block}_count": count,
            f"{block}_balance_pos_amount": pos,
            f"{block}_balance_neg_amount": neg,
            f"{block}_balance_amount": pos + neg,
        }
    figures |= movements
    active, refills = figures["active_count"], movements["refill_count"]
    figures["refill_average_amount"] = Fraction(movements["refill_amount"]) / refills if refills else None
    figures["pay_as_you_go_active_average_amount"] = (
        Fraction(movements["pay_as_you_go_amount"]) / active if active else None
    )
    return figures


def _text(value: Any) -> str:
    """A number as people read it: at most ten decimals."""
    if value is None:
        return "none"
    rounded = Decimal(round(Fraction(str(value)) * 10**10)).scaleb(-10)
    return format(rounded.normalize() if rounded else Decimal(0), "f")
