"""Billing rows as a test writes them: single rows, a source by key, a small operator made up by seed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
START = datetime(2025, 12, 20, tzinfo=UTC)
AS_OF = datetime(2026, 4, 15, 12, tzinfo=UTC)
KINDS = ("payment", "service_charge", "activation_fee", "subscription_fee", "extra_charge")
CURRENCIES = ("EUR", "USD", "GBP")


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant of 2026 in UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def company(id_: int, parent: int | None, time_zone: str, currency: str) -> Row:
    """A company of the first day."""
    return {
        "id": id_, "parent_id": parent, "name": f"Company {id_}", "time_zone": time_zone,
        "currency": currency, "created_at": START,
    }  # fmt: skip


def customer(id_: int, company_id: int, currency: str = "EUR", **changed: Any) -> Row:
    """A customer of the first day; `changed` overrides columns."""
    return {
        "id": id_, "company_id": company_id, "name": f"Customer {id_}", "type": "client",
        "currency": currency, "balance": Decimal(0), "created_at": START, **changed,
    }  # fmt: skip


def transaction(
    id_: int, customer_id: int, kind: str, amount: object, when: datetime | None, **changed: Any
) -> Row:
    """A transaction in EUR, confirmed at `when` (None: not confirmed); `changed` overrides columns."""
    return {
        "id": id_, "customer_id": customer_id, "kind": kind, "amount": Decimal(str(amount)),
        "currency": "EUR",
        "created_at": when or START, "confirmed_at": when, **changed,
    }  # fmt: skip


def rates() -> list[Row]:
    """Rates of the euro for some days; holes in between."""
    return [
        {"base_currency": "EUR", "currency": currency,
         "rate_date": date(2025, 11, 1) + timedelta(days=9 * step),
         "rate": Decimal(base) + Decimal(step) / 100}
        for currency, base in (("USD", "1.08"), ("GBP", "0.84"))
        for step in range(20)
    ]  # fmt: skip


def small_operator(seed: int = 1) -> dict[str, list[Row]]:
    """All tables of the installation, by `billing.<table>`; the same for the same seed."""
    draw = random.Random(seed)
    companies = [
        company(1, None, "Europe/Berlin", "EUR"),
        company(2, 1, "America/New_York", "USD"),
        company(3, 2, "Asia/Kathmandu", "GBP"),
    ]
    customers, tags, accounts, subscriptions, transactions = [], [], [], [], []
    for id_ in range(1, 13):
        created = START + timedelta(minutes=draw.randrange(60 * 24 * 60))
        deleted = created + timedelta(days=40, minutes=draw.randrange(9999)) if id_ % 5 == 0 else None
        customers.append(
            customer(id_, 1 + id_ % 3, CURRENCIES[id_ % 3], created_at=created, deleted_at=deleted)
        )
        tags += [{"customer_id": id_, "tag": tag} for tag in ("vip", "trial") if draw.random() < 0.5]
        accounts.append(
            {"id": id_, "customer_id": id_, "login": f"l{id_}", "active": True, "created_at": created}
        )
        for package in range(draw.randrange(3)):
            begun = created + timedelta(days=draw.randrange(30))
            stopped = begun + timedelta(days=20) if draw.random() < 0.4 else None
            subscriptions.append(
                {"id": 10 * id_ + package, "customer_id": id_, "account_id": id_, "package_id": 1 + package,
                 "activated_at": begun, "stopped_at": stopped, "created_at": begun}
            )  # fmt: skip
        for number in range(draw.randrange(5, 15)):
            when = created + timedelta(minutes=draw.randrange(150 * 24 * 60))
            transactions.append(
                transaction(
                    100 * id_ + number,
                    id_,
                    draw.choice(KINDS),
                    Decimal(draw.randrange(-500, 500)) / 100,
                    when if draw.random() < 0.9 else None,
                    currency=CURRENCIES[id_ % 3],
                    package_id=draw.choice((None, 1, 2)),
                )
            )
    return {
        "companies": companies,
        "users": [],
        "customers": customers,
        "customer_tags": tags,
        "accounts": accounts,
        "packages": [
            {"id": id_, "company_id": 1, "name": "Basic", "activation_fee": 1, "subscription_fee": 2,
             "currency": "EUR", "period_months": 1, "created_at": START}
            for id_ in (1, 2)
        ],
        "subscriptions": subscriptions,
        "transactions": transactions,
        "exchange_rates": rates(),
    }  # fmt: skip


Tables = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
BORN = datetime(2000, 1, 1, tzinfo=UTC)
NOON = datetime(2024, 3, 15, 12, tzinfo=UTC)


def empty_tables() -> Tables:
    """Every billing table, with one company (1, UTC, EUR) and nothing else."""
    tables: Tables = {
        name: {}
        for name in (
            "companies", "users", "customers", "customer_tags", "accounts",
            "packages", "subscriptions", "transactions", "exchange_rates",
        )
    }  # fmt: skip
    add_company(tables, 1)
    return tables


def add_company(tables: Tables, id_: int, parent_id: int | None = None) -> None:
    """A company below another, or at the top."""
    tables["companies"][id_,] = {
        "id": id_, "parent_id": parent_id, "name": f"Company {id_}", "time_zone": "UTC", "currency": "EUR",
        "created_at": BORN, "deleted_at": None,
    }  # fmt: skip


def add_customer(tables: Tables, id_: int, company_id: int = 1, currency: str = "EUR") -> None:
    """A customer since 2000."""
    tables["customers"][id_,] = {
        "id": id_, "company_id": company_id, "owner_user_id": None, "name": f"Customer {id_}",
        "type": "client", "currency": currency, "balance": Decimal(0), "created_at": BORN, "deleted_at": None,
    }  # fmt: skip


def add_package(tables: Tables, id_: int, name: str | None, company_id: int = 1) -> None:
    """A package that a company sells."""
    tables["packages"][id_,] = {
        "id": id_, "company_id": company_id, "name": name, "activation_fee": Decimal(1),
        "subscription_fee": Decimal(1), "currency": "EUR", "period_months": 1,
        "created_at": BORN, "deleted_at": None,
    }  # fmt: skip


def add_holding(
    tables: Tables, customer_id: int, package_id: int, activated_at: datetime, stopped_at: datetime
) -> None:
    """A package held by a customer from one instant to another."""
    id_ = len(tables["subscriptions"]) + 1
    tables["subscriptions"][id_,] = {
        "id": id_, "customer_id": customer_id, "account_id": None, "package_id": package_id,
        "activated_at": activated_at, "stopped_at": stopped_at, "created_at": activated_at,
    }  # fmt: skip


def add_movement(
    tables: Tables, customer_id: int, at: datetime, amount: str, kind: str = "payment", currency: str = "EUR"
) -> None:
    """A confirmed movement without a package."""
    id_ = len(tables["transactions"]) + 1
    tables["transactions"][id_,] = {
        "id": id_, "customer_id": customer_id, "kind": kind, "amount": Decimal(amount), "currency": currency,
        "package_id": None, "subscription_id": None, "source": None, "gateway": None, "note": None,
        "created_at": at, "confirmed_at": at, "deleted_at": None,
    }  # fmt: skip


def add_rate(tables: Tables, base: str, currency: str, on_date: date, rate: str) -> None:
    """What 1 of the base is in the currency from that date on."""
    tables["exchange_rates"][base, currency, on_date] = {
        "base_currency": base, "currency": currency, "rate_date": on_date, "rate": Decimal(rate),
    }  # fmt: skip


def a_small_tree() -> Tables:
    """Company 1 above 2, 4 and 5 above each other; tagged customers; a rate of the pound since 10 March."""
    tables = empty_tables()
    add_company(tables, 2, 1)
    add_company(tables, 4, 5)
    add_company(tables, 5, 4)
    for id_ in (1, 2, 4):
        add_customer(tables, id_, company_id=id_)
        add_movement(tables, id_, NOON, "10.00")
        tables["customer_tags"][id_, "gold"] = {"customer_id": id_, "tag": "gold"}
    tables["customer_tags"][1, "vip"] = {"customer_id": 1, "tag": "vip"}
    add_package(tables, 7, "Silver")
    add_rate(tables, "GBP", "EUR", date(2024, 3, 10), "1.25")
    return tables
