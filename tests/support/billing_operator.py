"""A small installation of billing rows, made up by seed: three companies, a dozen customers, half a year."""

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


def installation(seed: int = 1) -> dict[str, list[Row]]:
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
        "billing.companies": companies,
        "billing.users": [],
        "billing.customers": customers,
        "billing.customer_tags": tags,
        "billing.accounts": accounts,
        "billing.packages": [
            {"id": id_, "company_id": 1, "name": "Basic", "activation_fee": 1, "subscription_fee": 2,
             "currency": "EUR", "period_months": 1, "created_at": START}
            for id_ in (1, 2)
        ],
        "billing.subscriptions": subscriptions,
        "billing.transactions": transactions,
        "billing.exchange_rates": rates(),
    }  # fmt: skip
