"""Customer Dynamics recomputed from source rows: plain, slow, and nothing of the project's own code.

Source rows are dictionaries named as the reference operator's columns. Every figure is a Fraction until it is
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.as_read import as_read
from tests.reference.local_time import ONE_DAY, SMALLEST, day_start, local_date, months_before

Row = Mapping[str, Any]
Source = Mapping[str, Sequence[Row]]
Cell = int | Decimal | str | None

PAID_KINDS = ("service_charge", "activation_fee", "subscription_fee")
# What a day's year, quarter, month, ISO week (of the year that holds its Thursday) and date are called.
LABELS: dict[str, Callable[[date], str]] = {
    "year": lambda day: f"{day:%Y}",
    "quarter": lambda day: f"{day:%Y}-Q{1 + (day.month - 1) // 3}",
    "month": lambda day: f"{day:%Y-%m}",
    "week": lambda day: f"{day:%G-W%V}",
    "date": lambda day: f"{day:%Y-%m-%d}",
}
BLOCKS = ("Clients - Active", "Clients - Overall Active", "Clients - All")


class RateMissing(Exception):
    """Amounts other than zero have no rate: every (date, currency) concerned, in order."""

    def __init__(self, missing: set[tuple[date, str]]) -> None:
        super().__init__(f"no rate for {sorted(missing)}")
        self.missing = sorted(missing)


@dataclass(frozen=True)
class Question:
    """What is asked: inclusive local dates, a zone, filters, groupings, a currency and N months."""

    from_date: date
    to_date: date
    time_zone: str
    currency: str
    active_duration_months: int = 1
    client_type: str | None = None
    tags: tuple[str, ...] = ()
    company_id: int | None = None
    owner_user_id: int | None = None
    package_id: int | None = None
    group_by: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Period:
    """A label and the half-open interval it stands for, cut at data through."""

    label: str
    starts_at: datetime
    as_of: datetime


def recompute(source: Source, question: Question, data_through: datetime) -> list[dict[str, Cell]]:
    """The report's rows, head to cell, Total last where anything is grouped; empty where there is no data.

    Raises RateMissing where amounts cannot be converted.
    """
    recomputation = _Recomputation(as_read(source, data_through), question, data_through)
    rows = recomputation.rows()
    if recomputation.missing:
        raise RateMissing(recomputation.missing)
    return rows


class _Recomputation:
    def __init__(self, source: Source, question: Question, data_through: datetime) -> None:
        self.question = question
        self.data_through = data_through
        self.missing: set[tuple[date, str]] = set()
        self.zone = ZoneInfo(question.time_zone)
        self.everyone = {row["id"]: row for row in source["customers"]}
        self.customers = {id_: row for id_, row in self.everyone.items() if self._passes(row, source)}
        self.packages = {row["id"]: (row["name"] or "").strip() for row in source["packages"]}
        companies = {row["id"]: row["name"] for row in source["companies"]}
        self.sellers = {row["id"]: companies.get(row["company_id"]) for row in source["packages"]}
        self.subscriptions = [row for row in source["subscriptions"] if row["customer_id"] in self.customers]
        self.rates = source["exchange_rates"]
        self.movements = [
            row
            for row in source["transactions"]
            if row["confirmed_at"] is not None
            and row["deleted_at"] is None
            and row["customer_id"] in self.customers
            and row["currency"] == self.customers[row["customer_id"]]["currency"]
        ]

    def rows(self) -> list[dict[str, Cell]]:
        total = self._period("Total", self.question.from_date, self.question.to_date)
        if total is None:
            return []
        grouped = self.question.group_by
        by_package = "package" in grouped
        unit = next((unit for unit in LABELS if unit in grouped), None)
        periods = list(self._periods(unit)) if unit else [total]
        rows: list[dict[str, Cell]] = []
        reported_as: list[tuple[dict[str, Cell], int | None]] = []
        for period in periods:
            heads: dict[str, Cell] = {unit.capitalize(): period.label} if unit else {}
            if not by_package:
                rows.append(heads | self._figures(period))
                continue
            for package_id, name in self._packages_in_order():
                figures = self._figures(period, (package_id,))
                if any(figures.values()):
                    rows.append({**heads, "Package Name": name, **figures})
                    reported_as.append((rows[-1], package_id))
        self._tell_namesakes_apart(reported_as)
        if grouped:
            named = [
                head
                for head, wanted in ((unit and unit.capitalize(), unit), ("Package Name", by_package))
                if wanted
            ]
            first, *others = [head for head in named if head]
            rows.append({first: "Total", **dict.fromkeys(others), **self._figures(total)})
        return rows

    def _tell_namesakes_apart(self, reported_as: list[tuple[dict[str, Cell], int | None]]) -> None:
        """Company and id behind each name that rows of different packages bear."""
        bearers: dict[Cell, set[int]] = {}
        for row, package_id in reported_as:
            if package_id is not None:
                bearers.setdefault(row["Package Name"], set()).add(package_id)
        for row, package_id in reported_as:
            if package_id is not None and len(bearers[row["Package Name"]]) > 1:
                seller = self.sellers.get(package_id)
                behind = f"#{package_id}" if seller is None else f"{seller}, #{package_id}"
                row["Package Name"] = f"{row['Package Name']} ({behind})"

    # which customers, packages and periods

    def _passes(self, customer: Row, source: Source) -> bool:
        asked = self.question
        tags = {row["tag"] for row in source["customer_tags"] if row["customer_id"] == customer["id"]}
        return (
            (asked.client_type is None or customer["type"] == asked.client_type)
            and (not asked.tags or bool(tags & set(asked.tags)))
            and (asked.owner_user_id is None or customer["owner_user_id"] == asked.owner_user_id)
            and (
                asked.company_id is None
                or customer["company_id"] in branch(source["companies"], asked.company_id)
            )
        )

    def _packages_in_order(self) -> list[tuple[int | None, str | None]]:
        named = {id_: name or f"#{id_}" for id_, name in self.packages.items()}
        for row in [*self.subscriptions, *self.movements]:
            if row["package_id"] is not None:
                named.setdefault(row["package_id"], f"#{row['package_id']}")
        in_order = sorted(named.items(), key=lambda item: (item[1].encode(), item[0]))
        return [*in_order, (None, None)]

    def _periods(self, unit: str) -> Iterator[Period]:
        label_of = LABELS[unit]
        day = self.question.from_date
        while day <= self.question.to_date:
            label, last = label_of(day), day
            while last < self.question.to_date and label_of(last + ONE_DAY) == label:
                last += ONE_DAY
            period = self._period(label, day, last)
            if period is not None:
                yield period
            day = last + ONE_DAY

    def _period(self, label: str, first: date, last: date) -> Period | None:
        starts_at, ends_at = day_start(first, self.zone), day_start(last + ONE_DAY, self.zone)
        first_data = min((row["created_at"] for row in self.everyone.values()), default=None)
        if first_data is None or ends_at <= first_data or starts_at >= self.data_through:
            return None
        return Period(label, starts_at, min(ends_at, self.data_through))

    # one row

    def _figures(self, period: Period, row_package: tuple[int | None] | None = None) -> dict[str, Cell]:
        """The row's cells; row_package holds the package of the row, or None for the row without one."""
        cells: dict[str, Cell] = {}
        asked = self.question
        holders = set(self.customers)
        if asked.package_id is not None:
            holders = {id_ for id_ in holders if asked.package_id in self._held(id_, period.as_of)}
        clients = {id_ for id_ in holders if self._exists(self.customers[id_], period.as_of)}
        if row_package is not None:
            package_id = row_package[0]
            clients = {id_ for id_ in clients if package_id in (self._held(id_, period.as_of) or {None})}

        before = [row for row in self.movements if row["confirmed_at"] < period.as_of]
        since = months_before(period.as_of, asked.active_duration_months, self.zone)
        paid = [row for row in before if row["kind"] in PAID_KINDS and row["amount"] != 0]
        overall = {row["customer_id"] for row in paid} & clients
        active = {row["customer_id"] for row in paid if row["confirmed_at"] >= since} & clients
        for block, members in zip(BLOCKS, (active, overall, clients), strict=True):
            balances = [self._balance(id_, before, period.as_of) for id_ in members]
            cells[f"{block}: Qty"] = len(members)
            cells[f"{block}: Balance Pos"] = shown(sum((b for b in balances if b > 0), Fraction()))
            cells[f"{block}: Balance Neg"] = shown(sum((b for b in balances if b < 0), Fraction()))
            cells[f"{block}: Balance"] = shown(sum(balances, Fraction()))

        within = [row for row in before if row["confirmed_at"] >= period.starts_at]
        if row_package is None or row_package[0] is None:
            theirs = [row for row in within if row["customer_id"] in holders]
            cells |= self._refills_and_use(theirs, len(active))
        else:
            cells |= dict.fromkeys(
                [f"Balance Refill: {name}" for name in ("Qty", "Total", "Avg")]
                + [f"Pay as you Go: {name}" for name in ("Total", "Active Avg")]
            )
        fees = within
        if asked.package_id is not None:
            fees = [row for row in fees if row["package_id"] == asked.package_id]
        if row_package is not None:
            fees = [row for row in fees if row["package_id"] == row_package[0]]
        for name, kind in (("Activation", "activation_fee"), ("Renew", "subscription_fee")):
            these = [row for row in fees if row["kind"] == kind]
            cells[f"Packages: {name} Qty"] = sum(row["amount"] <= 0 for row in these)
            cells[f"Packages: {name} Total"] = shown(-self._converted_sum(these))
        return cells

    def _refills_and_use(self, rows: Sequence[Row], active: int) -> dict[str, Cell]:
        payments = [row for row in rows if row["kind"] == "payment"]
        refills = sum(row["amount"] > 0 for row in payments)
        refilled = self._converted_sum(payments)
        used = -self._converted_sum(
            [row for row in rows if row["kind"] == "service_charge" and row["package_id"] is None]
        )
        return {
            "Balance Refill: Qty": refills,
            "Balance Refill: Total": shown(refilled),
            "Balance Refill: Avg": shown(refilled / refills) if refills else None,
            "Pay as you Go: Total": shown(used),
            "Pay as you Go: Active Avg": shown(used / active) if active else None,
        }

    def _exists(self, customer: Row, as_of: datetime) -> bool:
        gone_at = customer["deleted_at"]
        return customer["created_at"] < as_of and (gone_at is None or gone_at >= as_of)

    def _held(self, customer_id: int, as_of: datetime) -> set[int]:
        return {
            row["package_id"]
            for row in self.subscriptions
            if row["customer_id"] == customer_id
            and row["activated_at"] < as_of
            and (row["stopped_at"] is None or row["stopped_at"] >= as_of)
        }

    # money

    def _balance(self, customer_id: int, before: Sequence[Row], as_of: datetime) -> Fraction:
        balance = sum(
            (Fraction(row["amount"]) for row in before if row["customer_id"] == customer_id), Fraction()
        )
        last_date = local_date(as_of - SMALLEST, self.zone)
        return self._converted(balance, self.customers[customer_id]["currency"], last_date)

    def _converted_sum(self, rows: Sequence[Row]) -> Fraction:
        return sum(
            (
                self._converted(
                    Fraction(row["amount"]), row["currency"], local_date(row["confirmed_at"], self.zone)
                )
                for row in rows
            ),
            Fraction(),
        )

    def _converted(self, amount: Fraction, currency: str, on_date: date) -> Fraction:
        if amount == 0 or currency == self.question.currency:
            return amount
        rate = rate_of(self.rates, currency, self.question.currency, on_date)
        if rate is None:
            self.missing.add((on_date, currency))
            return amount
        return amount * rate


def shown(amount: Fraction) -> Decimal:
    """The amount as displayed: 4 decimals, half away from zero."""
    scaled = abs(amount) * 10_000
    whole = int(scaled + Fraction(1, 2))
    return Decimal(whole if amount >= 0 else -whole).scaleb(-4)


def branch(companies: Sequence[Row], root: int) -> set[int]:
    """The company and all below it."""
    branch, grown = {root}, True
    while grown:
        below = {row["id"] for row in companies if row["parent_id"] in branch}
        grown = not below <= branch
        branch |= below
    return branch


def rate_of(rates: Sequence[Row], source: str, target: str, on_date: date) -> Fraction | None:
    """The freshest of the direct rate, the inverse and those crossed over a base; None where there is none.

    Of equally fresh ones the direct counts, then the inverse, then the cross over the first base by name.
    """
    ways: list[tuple[date, int, str, Fraction]] = []
    direct, inverse = _latest(rates, source, target, on_date), _latest(rates, target, source, on_date)
    if direct is not None:
        ways.append((direct[0], 1, "", direct[1]))
    if inverse is not None:
        ways.append((inverse[0], 2, "", 1 / inverse[1]))
    for base in {row["base_currency"] for row in rates}:
        to_source, to_target = _latest(rates, base, source, on_date), _latest(rates, base, target, on_date)
        if to_source is not None and to_target is not None:
            ways.append((min(to_source[0], to_target[0]), 3, base, to_target[1] / to_source[1]))
    if not ways:
        return None
    freshest = max(way[0] for way in ways)
    return min(way[1:] for way in ways if way[0] == freshest)[2]


def _latest(rates: Sequence[Row], base: str, currency: str, on_date: date) -> tuple[date, Fraction] | None:
    known = [
        (row["rate_date"], Fraction(row["rate"]))
        for row in rates
        if row["base_currency"] == base and row["currency"] == currency and row["rate_date"] <= on_date
    ]
    return max(known, default=None)
