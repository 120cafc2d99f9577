"""Every day of a company's month, and the month itself, recomputed from raw movements and compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg

from exports.snapshot import reading, statements
from exports.verification.comparison import EVERYTHING, Comparison, Rotation
from exports.verification.recomputation.instants import (
    LocalClock,
    instant_of,
    known_zones,
    months_between,
    next_month,
    number_of,
)
from exports.verification.recomputation.rates import Rates
from exports.verification.recomputation.raw_tables import PACKAGE, Progress, data_through, quietly, stream

NAME, UNIT = "company days recomputed from raw", "company days"
# How many customers' months a night sums up, and how many months of companies it looks at.
NIGHTLY_CUSTOMERS = 100_000
NIGHTLY_MONTHS = 60
_STATEMENTS = statements(PACKAGE, "company_months")
_DURATIONS = (1, 3, 6, 12)
_COUNTS = ("refill_count", "activation_count", "renewal_count")
_AMOUNTS = ("refill_amount", "pay_as_you_go_amount", "activation_amount", "renewal_amount")
# Quotients are cut somewhere; anything that went wrong moves an amount by more.
_TOLERANCE = Fraction(1, 10**6)
# Averages are shown to 4 decimals.
_AVERAGE_TOLERANCE = Fraction(51, 10**6)
_MARGIN = timedelta(days=400)
Figures = dict[str, Fraction | int | None]


@dataclass(frozen=True)
class _Company:
    company_id: int
    parent_id: int | None
    # empty where the source's is none
    time_zone: str
    currency: str
    customers: int


@dataclass(frozen=True)
class _Day:
    local_date: date
    start: int
    end: int
    as_of: int


@dataclass
class _Series:
    connection: psycopg.Connection[Any]
    data_through: datetime
    first_data: datetime
    companies: dict[int, _Company]
    clocks: dict[str, LocalClock] = field(default_factory=dict[str, LocalClock])

    def __post_init__(self) -> None:
        self.until, self.first = number_of(self.data_through), number_of(self.first_data)
        self.below: dict[int | None, list[int]] = defaultdict(list)
        for company in self.companies.values():
            self.below[company.parent_id].append(company.company_id)
        self.rates = Rates(
            self.connection.execute(
                "select base_currency, currency, rate_date, rate from raw_billing.exchange_rates"
                " where _deleted_at is null order by updated_at, base_currency desc, currency desc"
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
        found: list[_Day] = []
        day = month
        while day < next_month(month):
            start, end = clock.day_start(day), clock.day_start(day + timedelta(days=1))
            if start < end and start < self.until and end > self.first:
                found.append(_Day(day, start, end, min(end, self.until)))
            day += timedelta(days=1)
        return found

    def figures(
        self, company_ids: list[int], company: _Company, days: list[_Day], reporting_currency: str | None
    ) -> dict[tuple[date | None, int], Figures]:
        """The figures by local date (None: the month) and active duration; unrounded.

        In the company's currency and, as reporting_..., in that one, where amounts without a rate are empty.
        """
        clock = self.clock(company.time_zone)
        parameters: dict[str, Any] = {
            "company_ids": company_ids,
            "as_ofs": [instant_of(day.as_of) for day in days],
            "starts": [instant_of(day.start) for day in days],
            "ends_at": instant_of(days[-1].as_of),
            "data_through": self.data_through,
        }
        for months in _DURATIONS:
            starts = [instant_of(clock.months_before(day.as_of, months)) for day in days]
            parameters[f"windows_{months}"] = starts
        rate_dates = [clock.local_date(day.as_of - 1) for day in days]
        steps = self.connection.execute(_STATEMENTS["states"], parameters, prepare=False).fetchall()
        sums = self.connection.execute(_STATEMENTS["movements"], parameters, prepare=False).fetchall()
        found: dict[tuple[date | None, int], Figures] = defaultdict(dict)
        for prefix, currency in (("", company.currency), ("reporting_", reporting_currency)):
            if currency is None:
                continue
            states = self._states(steps, currency, rate_dates)
            movements = self._movements(sums, currency, days)
            total = {name: _sum(movement[name] for movement in movements) for name in (*_COUNTS, *_AMOUNTS)}
            for months in _DURATIONS:
                for position, day in enumerate(days):
                    row = _row(states[position], movements[position], months, prefix)
                    found[day.local_date, months] |= row
                found[None, months] |= _row(states[-1], total, months, prefix)
        for row in found.values():
            for name, amount in row.items():
                if amount is None and not name.startswith("reporting_") and "average" not in name:
                    raise LookupError(f"an exchange rate into {company.currency} is missing")
        return found

    def _states(
        self, steps: list[tuple[Any, ...]], currency: str, rate_dates: list[date]
    ) -> list[dict[str, list[Any]]]:
        """By day and block: customers, positive and negative balances in the currency."""
        moved: dict[int, list[tuple[str, str, int, Fraction, Fraction]]] = defaultdict(list)
        for of, block, day, count, pos, neg in steps:
            moved[day].append((of, block, count, Fraction(pos), Fraction(neg)))
        held: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Fraction(), Fraction()])
        days: list[dict[str, list[Any]]] = []
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
                sums[1] = _sum((sums[1], self._converted(pos, of, currency, rate_date)))
                sums[2] = _sum((sums[2], self._converted(neg, of, currency, rate_date)))
            days.append(shown)
        return days

    def _movements(
        self, rows: list[tuple[Any, ...]], currency: str, days: list[_Day]
    ) -> list[dict[str, Any]]:
        sums: list[dict[str, Any]] = [dict.fromkeys((*_COUNTS, *_AMOUNTS), 0) for _ in days]
        for of, number, *values in rows:
            refills, refilled, used, activations, activated, renewals, renewed = values
            position: int = number - 1
            day, on_date = sums[position], days[position].local_date
            for name, count in zip(_COUNTS, (refills, activations, renewals), strict=True):
                day[name] += count
            for name, amount in zip(_AMOUNTS, (refilled, used, activated, renewed), strict=True):
                converted = self._converted(Fraction(amount), of, currency, on_date)
                day[name] = _sum((day[name], converted))
        return sums

    def _converted(self, amount: Fraction, source: str, target: str, on_date: date) -> Fraction | None:
        """The amount in the other currency; None where it is not zero and there is no rate."""
        rate = self.rates.rate(source, target, on_date) if amount else Fraction()
        return None if rate is None else amount * rate


def _sum(amounts: Iterable[Any]) -> Any:
    """The sum; None where one of the amounts is."""
    total: Any = 0
    for amount in amounts:
        total = None if total is None or amount is None else total + amount
    return total


def recompute_company_months(
    connection: psycopg.Connection[Any], as_of: datetime | None, progress: Progress = quietly
) -> Comparison:
    """Recompute the slice of the night of `as_of`, or every company's every month where it is None.

    The connection must be idle. The database sums up one company's month at a time. The series are built at
    night: by day they are older than what was extracted, and are left alone. Raises NotReady where something
    it reads was never built.
    """
    comparison = Comparison(NAME, UNIT)
    with reading(connection):
        through = data_through(connection, "billing", comparison)
        if through is None:
            return comparison
        reach = connection.execute(_STATEMENTS["reach"]).fetchone()
        if reach is not None and reach[0] is not None and reach[0] < through:
            comparison.skipped = (
                f"the series reach {_instant(reach[0])}, the night's run takes them to {_instant(through)}"
            )
        else:
            _recompute(connection, through, as_of, comparison, progress)
    return comparison


def _recompute(
    connection: psycopg.Connection[Any],
    through: datetime,
    as_of: datetime | None,
    comparison: Comparison,
    progress: Progress,
) -> None:
    zones = known_zones(connection)
    companies = {
        id_: _Company(id_, parent_id, zones.get((zone or "").strip().lower(), ""), currency, customers)
        for id_, parent_id, zone, currency, customers in stream(connection, _STATEMENTS["companies"])
    }
    first = connection.execute(
        "select min(created_at) from raw_billing.customers where _deleted_at is null and isfinite(created_at)"
    ).fetchone()
    if first is None or first[0] is None or first[0] >= through:
        return
    series = _Series(connection, through, first[0], companies)
    months = [
        (company, month)
        for company in companies.values()
        if company.time_zone
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
            progress(NAME, comparison.checked)


def _compare(comparison: Comparison, series: _Series, company: _Company, month: date) -> None:
    days = series.days(company, month)
    if not days:
        return
    comparison.checked += len(days)
    asked = {"company_id": company.company_id, "month": month}
    shown: dict[tuple[str, date | None, int], dict[str, Any]] = {
        (name, local_date, months): {**json.loads(row, parse_float=Decimal), "as_of_at": as_of_at}
        for row, name, local_date, months, as_of_at in series.connection.execute(
            _STATEMENTS["stored"], asked, prepare=False
        )
    }
    one = next(iter(shown.values()), dict[str, Any]())
    readings = {"branch": series.branch(company.company_id)}
    if "reading" in one:
        readings["own"] = [company.company_id]
    figures: dict[tuple[str, date | None, int], Figures] = {}
    for name, company_ids in readings.items():
        try:
            found = series.figures(company_ids, company, days, one.get("reporting_currency"))
        except LookupError as error:
            comparison.add(f"company {company.company_id}, month {month:%Y-%m}, {name}", None, str(error))
            return
        figures |= {(name, *at): row for at, row in found.items()}
    facts: dict[date | None, dict[str, Any]] = {
        day.local_date: {"as_of_at": instant_of(day.as_of), "is_finished": day.end <= series.until}
        for day in days
    }
    ends = series.clock(company.time_zone).day_start(next_month(month))
    facts[None] = {"as_of_at": instant_of(days[-1].as_of), "is_finished": ends <= series.until}
    for at in figures.keys() | shown.keys():
        name, local_date, months = at
        when = f"{local_date}" if local_date else f"month {month:%Y-%m}"
        key = f"company {company.company_id}, {name}, {when}, active duration {months}"
        if at not in shown:
            comparison.add(key, None, "follows from raw and is not in the series")
        elif at not in figures:
            comparison.add(key, None, "no such row follows from raw")
        else:
            _compare_row(comparison, key, shown[at], figures[at])
            for column, known in {"currency": company.currency, **facts[local_date]}.items():
                if column in shown[at] and shown[at][column] != known:
                    comparison.add(key, f"{column} {shown[at][column]}", f"recomputed from raw: {known}")


def _compare_row(comparison: Comparison, key: str, shown: dict[str, Any], figures: Figures) -> None:
    for name, known in figures.items():
        stored = shown[name]
        if (stored is None) != (known is None) or (
            known is not None
            and abs(Fraction(str(stored)) - known) > (_AVERAGE_TOLERANCE if "average" in name else _TOLERANCE)
        ):
            comparison.add(key, f"{name} {_text(stored)}", f"recomputed from raw: {_text(known)}")


def _row(states: dict[str, list[Any]], movements: dict[str, Any], months: int, prefix: str) -> Figures:
    figures: Figures = {}
    for block in ("active", "overall_active", "all"):
        count, pos, neg = states[f"active_{months}" if block == "active" else block]
        figures |= {
            f"{block}_count": count,
            f"{prefix}{block}_balance_pos_amount": pos,
            f"{prefix}{block}_balance_neg_amount": neg,
            f"{prefix}{block}_balance_amount": _sum((pos, neg)),
        }
    figures |= {name: movements[name] for name in _COUNTS}
    figures |= {f"{prefix}{name}": movements[name] for name in _AMOUNTS}
    averages = {
        "refill_average_amount": (movements["refill_amount"], movements["refill_count"]),
        "pay_as_you_go_active_average_amount": (movements["pay_as_you_go_amount"], figures["active_count"]),
    }
    for name, (amount, number) in averages.items():
        figures[f"{prefix}{name}"] = Fraction(amount) / number if number and amount is not None else None
    return figures


def _text(value: Any) -> str:
    """A number as people read it: at most ten decimals."""
    if value is None:
        return "none"
    rounded = Decimal(round(Fraction(str(value)) * 10**10)).scaleb(-10)
    return format(rounded.normalize() if rounded else Decimal(0), "f")


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
