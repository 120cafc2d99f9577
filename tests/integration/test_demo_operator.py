"""The made-up operator: the reference shape on both engines, same rows from the same seed, true balances."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pymongo
import pytest

from demo.errors import DemoError
from demo.operator import Made, Recipe, change_customers, create, existing_recipe
from demo.operator.stores import TABLES, mysql_connection

ENDING = date(2026, 3, 31)
END = datetime(2026, 4, 1, tzinfo=UTC)

# the reference shape: "?" may be null, keys first; at = timestamp, money = numeric(20,6)
SHAPE = {
    "billing": {
        "companies": "id id, parent_id id?, name text, time_zone text, currency char(3), created_at at,"
        " updated_at at, deleted_at at?",
        "users": "id id, company_id id, login text, name text, created_at at, updated_at at, deleted_at at?",
        "customers": "id id, company_id id, owner_user_id id?, name text, type text, currency char(3),"
        " balance money, created_at at, updated_at at, deleted_at at?",
        "customer_tags": "customer_id id, tag text",
        "accounts": "id id, customer_id id, login text, active bool, activated_at at?, deactivated_at at?,"
        " created_at at, updated_at at, deleted_at at?",
        "packages": "id id, company_id id, name text, activation_fee money, subscription_fee money,"
        " currency char(3), period_months int, created_at at, updated_at at, deleted_at at?",
        "subscriptions": "id id, customer_id id, account_id id?, package_id id, activated_at at,"
        " stopped_at at?, created_at at, updated_at at",
        "transactions": "id id, customer_id id, kind text, amount money, currency char(3), package_id id?,"
        " subscription_id id?, source text?, gateway text?, note text?, created_at at, confirmed_at at?,"
        " updated_at at, deleted_at at?",
        "exchange_rates": "base_currency char(3), currency char(3), rate_date date, rate rate, updated_at at",
    },
    "platform": {
        "subscribers": "id id, name text, time_zone text, created_at at, updated_at at, deleted_at at?",
        "subscriber_settings": "id id, subscriber_id id, setting text, value text, happened_at at",
        "users": "id id, subscriber_id id, type text, name text, created_at at, updated_at at",
        "user_changes": "id id, user_id id, subscriber_id id, happened_at at, change text, role text?",
        "logons": "id id, user_id id, subscriber_id id, logged_on_at at, last_seen_at at,"
        " logged_off_at at?, locked_at_logon bool, updated_at at",
        "commission_runs": "id id, subscriber_id id, month date, closed_at at?, updated_at at",
        "commission_items": "id id, run_id id, subscriber_id id, created_at at",
        "process_forms": "id id, subscriber_id id, created_at at, trashed_at at?, updated_at at",
        "process_fields": "id id, form_id id, subscriber_id id, created_at at, trashed_at at?, updated_at at",
    },
}
KEYS = {"customer_tags": ["customer_id", "tag"], "exchange_rates": ["base_currency", "currency", "rate_date"]}
POSTGRESQL_TYPES = {
    "bigint": "id",
    "text": "text",
    "character(3)": "char(3)",
    "timestamp with time zone": "at",
    "numeric(20,6)": "money",
    "numeric(20,10)": "rate",
    "boolean": "bool",
    "integer": "int",
    "date": "date",
}
MARIADB_TYPES = {
    "bigint(20)": "id",
    "bigint": "id",
    "varchar(255)": "text",
    "char(3)": "char(3)",
    "datetime(6)": "at",
    "decimal(20,6)": "money",
    "decimal(20,10)": "rate",
    "tinyint(1)": "bool",
    "int(11)": "int",
    "int": "int",
    "date": "date",
}


@dataclass(frozen=True)
class Urls:
    billing_url: str | None = None
    platform_url: str | None = None
    middleware_url: str | None = None


Rows = Sequence[Sequence[Any]]
Query = Callable[[str], Rows]


@contextmanager
def queries(url: str) -> Iterator[Query]:
    """Run queries on either engine, the session in UTC."""
    with (
        closing(mysql_connection(url) if url.startswith("mysql") else psycopg.connect(url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set time_zone = '+00:00'" if url.startswith("mysql") else "set time zone 'UTC'")

        def run(query: str) -> Rows:
            text: Any = query
            cursor.execute(text)
            return cursor.fetchall() if cursor.description else []

        yield run


def make(urls: Urls, seed: int = 1, customers: int = 120) -> Made:
    return create(urls, customers=customers, months=4, seed=seed, ending=ENDING, subscribers=5)


def plain(value: object) -> object:
    """A value as both engines would tell it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return int(value) if isinstance(value, bool) else value


def content(url: str, database: str) -> dict[str, list[tuple[object, ...]]]:
    with queries(url) as run:
        return {
            table: sorted(tuple(plain(value) for value in row) for row in run(f"select * from {table}"))
            if table == "customer_tags"
            else [
                tuple(plain(value) for value in row)
                for row in run(f"select * from {table} order by {', '.join(KEYS.get(table, ['id']))}")
            ]
            for table in TABLES[database]
        }


def assert_balances_are_true(url: str) -> None:
    with queries(url) as run:
        sums: dict[int, Decimal] = {
            row[0]: row[1]
            for row in run(
                "select customer_id, sum(amount) from transactions"
                " where confirmed_at is not null and deleted_at is null group by customer_id"
            )
        }
        balances: dict[int, Decimal] = {row[0]: row[1] for row in run("select id, balance from customers")}
    assert balances
    assert {
        customer_id: (balance, sums.get(customer_id, Decimal(0)))
        for customer_id, balance in balances.items()
        if balance != sums.get(customer_id, Decimal(0))
    } == {}


@pytest.mark.parametrize("database", ["billing", "platform"])
def test_tables_on_postgresql_have_the_reference_shape(fresh_database: str, database: str) -> None:
    make(Urls(**{f"{database}_url": fresh_database}), customers=3)
    with queries(fresh_database) as run:
        for table, shape in SHAPE[database].items():
            columns = run(
                "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute"
                f" where attrelid = '{table}'::regclass and attnum > 0 order by attnum"
            )
            message = [
                f"{name} {POSTGRESQL_TYPES[kind]}{'' if full else '?'}" for name, kind, full in columns
            ]
            assert ", ".join(message) == shape, table
            keys = run(
                "select a.attname from pg_index i join pg_attribute a"
                " on a.attrelid = i.indrelid and a.attnum = any (i.indkey)"
                f" where i.indrelid = '{table}'::regclass and i.indisprimary order by a.attnum"
            )
            assert [name for (name,) in keys] == KEYS.get(table, ["id"]), table


@pytest.mark.parametrize("database", ["billing", "platform"])
def test_tables_on_mariadb_have_the_reference_shape(fresh_mariadb: str, database: str) -> None:
    make(Urls(**{f"{database}_url": fresh_mariadb}), customers=3)
    with queries(fresh_mariadb) as run:
        for table, shape in SHAPE[database].items():
            columns = run(
                "select column_name, column_type, is_nullable, column_key from information_schema.columns"
                f" where table_schema = database() and table_name = '{table}' order by ordinal_position"
            )
            message = [
                f"{name} {MARIADB_TYPES[kind]}{'?' if null == 'YES' else ''}"
                for name, kind, null, _ in columns
            ]
            assert ", ".join(message) == shape, table
            assert [row[0] for row in columns if row[3] == "PRI"] == KEYS.get(table, ["id"]), table


def test_the_same_seed_makes_the_same_operator_on_both_engines(
    fresh_database: str, fresh_mariadb: str
) -> None:
    for database in ("billing", "platform"):
        made = make(Urls(**{f"{database}_url": fresh_database}))
        make(Urls(**{f"{database}_url": fresh_mariadb}))
        on_postgresql = content(fresh_database, database)
        assert on_postgresql == content(fresh_mariadb, database)
        assert {f"{database}.{table}": len(rows) for table, rows in on_postgresql.items()} == made.counts
        assert all(made.counts.values()), "no table is left empty"
        make(Urls(**{f"{database}_url": fresh_database}), seed=2)
        assert content(fresh_database, database) != on_postgresql
        for url in (fresh_database, fresh_mariadb):
            empty(url, database)


def empty(url: str, database: str) -> None:
    with queries(url) as run:
        for table in TABLES[database]:
            run(f"drop table {table}")
        run("commit")


def test_live_balances_are_the_sums_of_the_movements_also_after_changes(
    fresh_database: str, fresh_mariadb: str
) -> None:
    for url in (fresh_database, fresh_mariadb):
        make(Urls(billing_url=url))
        assert_balances_are_true(url)
        changes = change_customers(url, customers=40, after=END)
        assert len(changes.customers) == len(changes.charged) == 40
        assert changes.rerated
        assert changes.soft_deleted
        assert changes.hard_deleted
        assert_balances_are_true(url)
        with queries(url) as run:
            moved = run("select id from transactions where updated_at >= '2026-04-01'")
            assert {row[0] for row in moved} == {
                *changes.charged,
                *changes.rerated,
                *changes.soft_deleted,
            }
            moved = run("select id from customers where updated_at >= '2026-04-01'")
            assert sorted(row[0] for row in moved) == changes.customers
            kept = {row[0] for row in run("select id from transactions")}
            assert not kept & set(changes.hard_deleted)


def test_the_history_is_whole_and_plausible(fresh_database: str) -> None:
    make(Urls(billing_url=fresh_database), customers=400)
    with queries(fresh_database) as run:
        (row,) = run(
            "select min(created_at), max(created_at), max(confirmed_at), max(updated_at) from transactions"
        )
        assert row[0] >= datetime(2025, 12, 1, tzinfo=UTC)
        assert max(row[1:]) < END
        assert (
            run(
                "select id from transactions"
                " where updated_at < greatest(created_at, confirmed_at, deleted_at)"
            )
            == []
        )
        (kinds,) = run(
            "select count(*) filter (where confirmed_at is null),"
            " count(*) filter (where deleted_at is not null),"
            " count(*) filter (where note = 'rerated' and updated_at > created_at),"
            " count(*) filter (where kind = 'payment' and amount < 0),"
            " count(*) filter (where confirmed_at > created_at + interval '1 day'),"
            " count(distinct source), count(distinct kind) from transactions"
        )
        assert all(kinds), "late, unconfirmed, deleted, rerated and reversed rows all occur"
        assert kinds[-2:] == (4, 5)
        (companies,) = run(
            "select count(*), count(parent_id), count(distinct time_zone), count(distinct currency)"
            " from companies"
        )
        assert companies == (6, 5, 6, 6)
        assert (
            run(
                "select t.id from transactions t join customers c on c.id = t.customer_id"
                " where t.currency <> c.currency or t.created_at < c.created_at"
            )
            == []
        )


def test_every_currency_converts_on_every_day_though_weekends_have_no_rates(fresh_database: str) -> None:
    make(Urls(billing_url=fresh_database))
    with queries(fresh_database) as run:
        missing = run(
            "select d, c.currency from generate_series(date '2025-11-30', date '2026-04-01', '1 day') d"
            " cross join (select currency from customers union select currency from packages) c"
            " where c.currency <> 'EUR' and not exists (select 1 from exchange_rates r"
            "  where r.base_currency = 'EUR' and r.currency = c.currency and r.rate_date <= d)"
        )
        assert missing == []
        assert run("select rate_date from exchange_rates where extract(isodow from rate_date) > 5") == []


def test_users_of_the_platform_act_only_while_they_may(fresh_database: str) -> None:
    make(Urls(platform_url=fresh_database))
    with queries(fresh_database) as run:
        wrong = {
            "logon before creation": "select l.id from logons l join users u on u.id = l.user_id"
            " where l.logged_on_at < u.created_at",
            "logoff before logon": "select id from logons"
            " where coalesce(logged_off_at, last_seen_at) < logged_on_at"
            " or last_seen_at < logged_on_at or last_seen_at > logged_off_at",
            "logon after purge": "select l.id from logons l join user_changes c on c.user_id = l.user_id"
            " where c.change = 'purged' and l.logged_on_at >= c.happened_at",
            "changes out of order": "select id from (select id, happened_at, lag(happened_at)"
            " over (order by id) as before from user_changes) c where before > happened_at",
            "after the end": "select id from logons where updated_at >= '2026-04-01'",
        }
        assert {name: rows for name, query in wrong.items() if (rows := run(query))} == {}


def test_documents_are_messy_and_the_same_each_time(fresh_mongo: str) -> None:
    made = make(Urls(middleware_url=fresh_mongo))
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(fresh_mongo)
    with client:
        database = client.get_default_database()

        def everything() -> dict[str, list[dict[str, Any]]]:
            return {
                name: sorted(database[name].find(), key=lambda document: document["_id"])
                for name in ("online_sessions", "account_activity", "daily_statistics")
            }

        documents = everything()
        assert {f"middleware.{name}": len(found) for name, found in documents.items()} == made.counts
        sessions = documents["online_sessions"]
        assert any("clientId" in document for document in sessions)
        assert any(isinstance(document.get("customer_id"), str) for document in sessions)
        assert any(isinstance(document.get("started_at"), str) for document in sessions)
        assert any("ended_at" not in document for document in sessions)
        assert any("updated_at" not in document for document in sessions)
        make(Urls(middleware_url=fresh_mongo))
        assert everything() == documents


def test_an_operator_is_recognised_and_replaced_but_foreign_tables_stay(
    fresh_database: str,
) -> None:
    assert existing_recipe("billing", fresh_database) is None
    make(Urls(billing_url=fresh_database))
    recipe = Recipe(customers=120, months=4, seed=1, ending=ENDING, subscribers=5)
    assert existing_recipe("billing", fresh_database) == recipe
    make(Urls(billing_url=fresh_database), seed=2)
    with psycopg.connect(fresh_database) as connection:
        connection.execute("comment on table companies is 'the real ones'")
    with pytest.raises(DemoError, match="not made up"):
        make(Urls(billing_url=fresh_database))
    with pytest.raises(DemoError, match="no made-up operator"):
        change_customers(fresh_database, customers=1, after=END)


def test_an_operator_made_before_can_be_kept_and_never_turns_into_another(
    fresh_database: str, fresh_mongo: str
) -> None:
    urls = Urls(billing_url=fresh_database, middleware_url=fresh_mongo)
    made = make(urls, customers=20)
    before = content(fresh_database, "billing")
    next_day = date(2026, 4, 1)
    kept = create(urls, customers=20, months=4, ending=next_day, subscribers=5, keep=True)
    assert kept.kept
    assert kept.recipe == made.recipe
    with pytest.raises(
        DemoError, match=r"another made-up operator already \(20 customers, 4 months, seed 1\)"
    ):
        create(urls, customers=30, months=4, ending=next_day, subscribers=5, keep=True)
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(fresh_mongo)
    with client:
        client.get_default_database()["made_up"].delete_many({})
    healed = create(urls, customers=20, months=4, ending=next_day, subscribers=5, keep=True)
    assert not healed.kept
    assert healed.recipe == made.recipe
    assert content(fresh_database, "billing") == before


def test_an_unreachable_database_is_named_in_one_line(fresh_mongo: str) -> None:
    with pytest.raises(DemoError, match=r"^the billing database cannot be used: ") as message:
        make(Urls(billing_url="postgresql://postgres@127.0.0.1:1/billing"))
    assert "\n" not in str(message.value)
    with pytest.raises(DemoError, match=r"^the platform database cannot be used: "):
        make(Urls(platform_url="mysql://root@127.0.0.1:1/platform"))
