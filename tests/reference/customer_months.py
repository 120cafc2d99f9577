"""Months of companies recomputed from source rows: who is active, how that came, and what cohorts do.

Plain sets of customers at the ends of months; nothing of the project's own code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.as_read import as_read
from tests.reference.customer_dynamics import PAID_KINDS, branch, rate_of, shown
from tests.reference.local_time import ONE_DAY, day_start, local_date, months_before

Row = Mapping[str, Any]
Key = tuple[Any, ...]
DURATIONS = (1, 3, 6, 12)


@dataclass
class CompanyHistory:
    """In which company each customer stood since when, as the loads of a source showed it."""

    stands: dict[int, list[tuple[datetime, int]]] = field(default_factory=dict)

    def load(self, source: Mapping[str, Sequence[Row]], as_of: datetime) -> None:
        """Take in what the source holds at a load: a customer found elsewhere stands there from then on."""
        for row in source["customers"]:
            known = self.stands.setdefault(row["id"], [(row["created_at"], row["company_id"])])
            since, company_id = known[-1]
            if company_id != row["company_id"]:
                if as_of <= since:
                    known.pop()
                known.append((max(as_of, since), row["company_id"]))

    def company_at(self, customer_id: int, instant: datetime) -> int:
        """The company just before the instant; the first one counts from the beginning."""
        known = self.stands[customer_id]
        earlier = [company_id for since, company_id in known[1:] if since < instant]
        return earlier[-1] if earlier else known[0][1]


@dataclass(frozen=True)
class Month:
    """A local month by its first date: `[starts_at, as_of)`, cut at data through."""

    first_date: date
    starts_at: datetime
    as_of: datetime
    is_finished: bool


class CompanyMonths:
    """A source at its data through; amounts are in the company's currency and a reporting currency."""

    def __init__(
        self,
        source: Mapping[str, Sequence[Row]],
        history: CompanyHistory,
        data_through: datetime,
        reporting_currency: str,
    ) -> None:
        source = as_read(source, data_through)
        self.source, self.history, self.data_through = source, history, data_through
        self.reporting_currency = reporting_currency
        self.customers = {row["id"]: row for row in source["customers"]}
        self.first_data = min(row["created_at"] for row in source["customers"])
        self.movements = [
            row
            for row in source["transactions"]
            if row["confirmed_at"] is not None
            and row["deleted_at"] is None
            and row["confirmed_at"] < data_through
            and row["customer_id"] in self.customers
            and row["currency"] == self.customers[row["customer_id"]]["currency"]
        ]
        self.uses: dict[int, list[datetime]] = {id_: [] for id_ in self.customers}
        for row in self.movements:
            if row["kind"] in PAID_KINDS and row["amount"] != 0:
                self.uses[row["customer_id"]].append(row["confirmed_at"])
        self._active: dict[Key, frozenset[int]] = {}

    def readings(self) -> Iterator[tuple[Row, str, set[int]]]:
        """Each company in a known zone with each reading and the companies whose customers that takes in."""
        for company in self.source["companies"]:
            if company["time_zone"] is not None:
                yield company, "own", {company["id"]}
                yield company, "branch", branch(self.source["companies"], company["id"])

    def months(self, zone: ZoneInfo) -> list[Month]:
        """The months of the series: from the one of the earliest customer to that of data through."""
        found, first = [], local_date(self.first_data, zone).replace(day=1)
        while (starts_at := day_start(first, zone)) < self.data_through:
            next_first = (first + 32 * ONE_DAY).replace(day=1)
            ends_at = day_start(next_first, zone)
            found.append(
                Month(first, starts_at, min(ends_at, self.data_through), ends_at <= self.data_through)
            )
            first = next_first
        return found

    def activity(self) -> dict[Key, dict[str, int]]:
        """The movements of the active, by company, reading, first date of the month and active duration."""
        rows = {}
        for company, reading, members in self.readings():
            zone = ZoneInfo(company["time_zone"])
            for month in self.months(zone):
                for duration in DURATIONS:
                    key = (company["id"], reading, month.first_date, duration)
                    rows[key] = self._movements(members, month, duration, zone)
        return rows

    def _movements(self, members: set[int], month: Month, duration: int, zone: ZoneInfo) -> dict[str, int]:
        before = self.active_at(month.starts_at, duration, zone)
        after = self.active_at(month.as_of, duration, zone)
        here_before = {id_ for id_ in before if self.history.company_at(id_, month.starts_at) in members}
        here_after = {id_ for id_ in after if self.history.company_at(id_, month.as_of) in members}
        come = here_after - before
        new = {id_ for id_ in come if min(self.uses[id_]) >= month.starts_at}
        return {
            "active_at_start_count": len(here_before),
            "new_count": len(new),
            "reactivated_count": len(come - new),
            "churned_count": len(here_before - after),
            "retained_count": len(here_before & here_after),
            "moved_in_count": len((here_after & before) - here_before),
            "moved_out_count": len((here_before & after) - here_after),
            "active_at_end_count": len(here_after),
        }

    def active_at(self, instant: datetime, duration: int, zone: ZoneInfo) -> frozenset[int]:
        """The customers that exist just before the instant, with a paid use in the duration before it."""
        key = (instant, duration, zone.key)
        if key not in self._active:
            since = months_before(instant, duration, zone)
            self._active[key] = frozenset(
                id_
                for id_, row in self.customers.items()
                if row["created_at"] < instant
                and (row["deleted_at"] is None or row["deleted_at"] >= instant)
                and any(since <= used_at < instant for used_at in self.uses[id_])
            )
        return self._active[key]

    def cohorts(self) -> dict[Key, dict[str, Any]]:
        """By company, reading, basis, first dates of the cohort's month and of a later one, duration."""
        rows = {}
        for company, reading, members in self.readings():
            zone = ZoneInfo(company["time_zone"])
            for basis in ("created", "first_paid_use"):
                for cohort_date, cohort in self._cohorts(basis, members, zone).items():
                    for month in self.months(zone):
                        if month.first_date < cohort_date:
                            continue
                        paid = self._payments(cohort, month)
                        amounts = {
                            "cohort_customer_count": len(cohort),
                            "refill_amount": self._sum(paid, company["currency"], zone),
                            "reporting_refill_amount": self._sum(paid, self.reporting_currency, zone),
                        }
                        for duration in DURATIONS:
                            active = cohort & self.active_at(month.as_of, duration, zone)
                            key = (company["id"], reading, basis, cohort_date, month.first_date, duration)
                            rows[key] = {**amounts, "active_count": len(active)}
        return rows

    def _cohorts(self, basis: str, members: set[int], zone: ZoneInfo) -> dict[date, set[int]]:
        found: dict[date, set[int]] = {}
        for id_, row in self.customers.items():
            if row["company_id"] not in members or row["created_at"] >= self.data_through:
                continue
            moment = row["created_at"] if basis == "created" else min(self.uses[id_], default=None)
            if moment is not None:
                found.setdefault(local_date(moment, zone).replace(day=1), set()).add(id_)
        return found

    def _payments(self, cohort: set[int], month: Month) -> list[Row]:
        return [
            row
            for row in self.movements
            if row["kind"] == "payment"
            and row["customer_id"] in cohort
            and month.starts_at <= row["confirmed_at"] < month.as_of
        ]

    def reporting_rate(self, customer_id: int, instant: datetime) -> Fraction | None:
        """The rate into the reporting currency at the instant's date where the customer's company is now."""
        customer = self.customers[customer_id]
        zones = {row["id"]: row["time_zone"] for row in self.source["companies"]}
        zone = zones[customer["company_id"]]
        if zone is None:
            return None
        if customer["currency"] == self.reporting_currency:
            return Fraction(1)
        on_date = local_date(instant, ZoneInfo(zone))
        return rate_of(self.source["exchange_rates"], customer["currency"], self.reporting_currency, on_date)

    def _sum(self, rows: Sequence[Row], currency: str, zone: ZoneInfo) -> Decimal | None:
        """The amounts in that currency as shown; None where an amount other than zero has no rate."""
        total = Fraction()
        for row in rows:
            rate: Fraction | None = Fraction(1)
            if row["amount"] and row["currency"] != currency:
                on_date = local_date(row["confirmed_at"], zone)
                rate = rate_of(self.source["exchange_rates"], row["currency"], currency, on_date)
            if rate is None:
                return None
            total += Fraction(row["amount"]) * rate
        return shown(total)
