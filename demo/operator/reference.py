"""The operator's companies, staff, packages and exchange rates: small tables, made whole."""

import random
from dataclasses import dataclass
from functools import cached_property

from demo.operator.recipe import Recipe
from demo.operator.text_rows import (
    DAY,
    HOUR,
    UNIT,
    Amount,
    Instant,
    day_of,
    instant,
    line,
    money_text,
    time_text,
)

BASE_CURRENCY = "EUR"
UNITS_PER_EURO = {"EUR": 1.0, "USD": 1.1, "SEK": 11.2, "INR": 91.0, "NPR": 146.0, "NZD": 1.85, "GBP": 0.85}
DAYS_OF_RATES_BEFORE = 10


@dataclass(frozen=True)
class Company:
    """A tenant of the operator; `share` is its part of the new customers."""

    id: int
    parent_id: int | None
    name: str
    time_zone: str
    currency: str
    share: float


@dataclass(frozen=True)
class Package:
    """A plan; fees in the company's currency."""

    id: int
    company_id: int
    name: str
    activation_fee: Amount
    subscription_fee: Amount
    currency: str
    period_months: int
    is_deleted: bool = False


COMPANIES = (
    Company(1, None, "Meridian Telecom", "Europe/Berlin", "EUR", 0.30),
    Company(2, 1, "Meridian Nordic", "Europe/Stockholm", "SEK", 0.18),
    Company(3, 1, "Sahyadri Connect", "Asia/Kolkata", "INR", 0.20),
    Company(4, 3, "Langtang Voice", "Asia/Kathmandu", "NPR", 0.10),
    Company(5, 1, "Hudson Reach", "America/New_York", "USD", 0.15),
    Company(6, 5, "Rekohu Networks", "Pacific/Chatham", "NZD", 0.07),
)

# name, activation fee and subscription fee in euro cents, months per period, deleted
_PACKAGES = (
    ("Basic", 500, 999, 1, False),
    ("Family", 900, 2499, 1, False),
    ("Unlimited", 0, 4999, 1, False),
    ("Quarter", 1500, 5999, 3, False),
    ("Basic", 0, 799, 1, True),
)


def converted(amount: Amount, from_currency: str, to_currency: str) -> Amount:
    """A price in another currency at a fixed list rate, to the cent."""
    if from_currency == to_currency:
        return amount
    cents = amount / 10_000 * UNITS_PER_EURO[to_currency] / UNITS_PER_EURO[from_currency]
    return round(cents) * 10_000


class Reference:
    """The reference tables of a recipe, as rows and for looking up."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._founded: Instant = recipe.start - 200 * DAY

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """All packages, by company; each company offers the same plans at its own prices."""
        return tuple(
            Package(
                id=company.id * 10 + place,
                company_id=company.id,
                name=name,
                activation_fee=converted(activation * UNIT // 100, BASE_CURRENCY, company.currency),
                subscription_fee=converted(subscription * UNIT // 100, BASE_CURRENCY, company.currency),
                currency=company.currency,
                period_months=period,
                is_deleted=is_deleted,
            )
            for company in COMPANIES
            for place, (name, activation, subscription, period, is_deleted) in enumerate(_PACKAGES, start=1)
        )

    @cached_property
    def packages_of(self) -> dict[int, tuple[Package, ...]]:
        """Packages by company id."""
        return {
            company.id: tuple(package for package in self.packages if package.company_id == company.id)
            for company in COMPANIES
        }

    @staticmethod
    def owners_of(company_id: int) -> tuple[int, ...]:
        """The ids of the staff who own a company's customers."""
        return tuple(company_id * 10 + place for place in (1, 2, 3))

    def company_rows(self) -> list[str]:
        """Rows of `companies`."""
        founded = time_text(self._founded)
        return [
            line((c.id, c.parent_id, c.name, c.time_zone, c.currency, founded, founded, None))
            for c in COMPANIES
        ]

    def user_rows(self) -> list[str]:
        """Rows of `users`; the last owner of each company has left since."""
        rows: list[str] = []
        founded, left = time_text(self._founded), time_text((self._recipe.start + self._recipe.end) // 2)
        for company in COMPANIES:
            for user_id in self.owners_of(company.id):
                has_left = user_id % 10 == 3
                login = f"sales{user_id}@{company.name.split()[0].lower()}.example"
                rows.append(
                    line(
                        (
                            user_id,
                            company.id,
                            login,
                            f"Sales desk {user_id}",
                            founded,
                            left if has_left else founded,
                            left if has_left else None,
                        )
                    )
                )
        return rows

    def package_rows(self) -> list[str]:
        """Rows of `packages`."""
        founded, withdrawn = time_text(self._founded), time_text((self._recipe.start + self._recipe.end) // 2)
        return [
            line(
                (
                    package.id,
                    package.company_id,
                    package.name,
                    money_text(package.activation_fee),
                    money_text(package.subscription_fee),
                    package.currency,
                    package.period_months,
                    founded,
                    withdrawn if package.is_deleted else founded,
                    withdrawn if package.is_deleted else None,
                )
            )
            for package in self.packages
        ]

    def rate_rows(self) -> list[str]:
        """Rows of `exchange_rates`: one base, every weekday, from before the first day on."""
        rows: list[str] = []
        first = instant(self._recipe.first_day) - DAYS_OF_RATES_BEFORE * DAY
        for currency, level in UNITS_PER_EURO.items():
            if currency == BASE_CURRENCY:
                continue
            draw = random.Random(f"{self._recipe.seed} rates {currency}")
            rate = level
            for published in range(first, self._recipe.end, DAY):
                day = day_of(published)
                rate *= 1 + draw.uniform(-0.004, 0.004)
                if day.weekday() < 5:
                    known_at = min(published + 15 * HOUR, self._recipe.end - 1)
                    rows.append(
                        line((BASE_CURRENCY, currency, day.isoformat(), f"{rate:.10f}", time_text(known_at)))
                    )
        return rows
