"""Hand-made billing rows: what a test needs to say, and the reference shape for the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

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
