"""Rows of a made-up billing source that belong to another owner from one hour to the next."""

from __future__ import annotations

from datetime import timedelta

from tests.reference.random_operator import CURRENCIES, Key, Operator, spelt

ONE_HOUR = timedelta(hours=1)


def change_owners(operator: Operator) -> None:
    """What an hour may bring: some rows of each table belong to another from now on, and some end soon."""
    rng, tables = operator.rng, operator.tables
    customers = [row["id"] for row in tables["customers"].values()]
    companies = [row["id"] for row in tables["companies"].values()]
    packages = [row["id"] for row in tables["packages"].values()]
    subscriptions = [row["id"] for row in tables["subscriptions"].values()]
    accounts = [row["id"] for row in tables["accounts"].values()]

    def some(table: str) -> list[Key]:
        return rng.sample(sorted(tables[table]), max(1, len(tables[table]) // 40))

    for table, column, owners in (
        ("customers", "company_id", companies),
        ("customers", "owner_user_id", [None, 1, 2]),
        ("customers", "currency", CURRENCIES),
        ("users", "company_id", companies),
        ("accounts", "customer_id", customers),
        ("packages", "company_id", companies),
        ("subscriptions", "customer_id", customers),
        ("subscriptions", "account_id", accounts),
        ("subscriptions", "package_id", packages),
        ("transactions", "customer_id", customers),
        ("transactions", "package_id", [None, *packages]),
        ("transactions", "subscription_id", [None, *subscriptions]),
    ):
        for key in some(table):
            tables[table][key] = tables[table][key] | {column: rng.choice(owners)}
    for table, column in (
        ("customers", "deleted_at"),
        ("subscriptions", "stopped_at"),
        ("transactions", "deleted_at"),
        ("transactions", "confirmed_at"),
    ):
        for key in some(table):
            soon = rng.choice((None, operator.data_through + rng.randint(-1, 3) * ONE_HOUR))
            tables[table][key] = tables[table][key] | {column: soon}
    moved = rng.choice((2, 3, 4))
    tables["companies"][moved,] = tables["companies"][moved,] | {
        "parent_id": rng.choice([None, *range(1, moved)]),
        "time_zone": spelt(operator, rng.choice(operator.zones), "UTC+3"),
    }
