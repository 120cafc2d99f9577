"""MariaDB rows that PostgreSQL cannot hold are set aside with their reason, and stop nothing."""

import json
from datetime import timedelta

import pytest

from tests.support.sql_source import (
    CUSTOMERS,
    START,
    TABLES,
    SqlSource,
    customer,
    pymysql_connection,
    raw,
)

ACCOUNTS = TABLES["billing", "accounts"]
RATES = TABLES["billing", "exchange_rates"]


@pytest.fixture
def mariadb(fresh_mariadb: str) -> SqlSource:
    return SqlSource(fresh_mariadb, "mariadb")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("deleted_at = '2026-00-10'", "deleted_at is no date"),
        ("created_at = '0000-00-00'", "created_at is no date"),
        ("created_at = '2026-00-10'", "created_at is no date"),
        ("created_at = '0000-05-05'", "created_at is no date"),
        ("name = concat('a', 0x00, 'b')", "name holds a NUL character"),
        (
            "name = concat('a', 0x00), deleted_at = '0000-05-05'",
            "name holds a NUL character; deleted_at is no date",
        ),
    ],
)
def test_a_bad_value_sets_its_row_aside(
    mariadb: SqlSource, fresh_database: str, change: str, reason: str
) -> None:
    mariadb.create(CUSTOMERS)
    mariadb.insert(CUSTOMERS, [customer(number) for number in range(20)])
    _change(mariadb, f"update customers set {change} where id = 7")
    for _ in range(2):
        result = mariadb.load(CUSTOMERS, fresh_database)
        assert (result.extracted_count, result.rejected_count) == (20, 1)
    kept = raw(fresh_database, "select table_name, key, reason, document from raw_billing.rejected")
    assert [row[:3] for row in kept] == [("customers", "7", reason)]
    assert json.loads(kept[0][3])["balance"] == "1.500000"
    assert raw(fresh_database, "select count(*) from raw_billing.customers") == [(19,)]


def test_a_zero_date_where_the_column_may_be_empty_is_empty(mariadb: SqlSource, fresh_database: str) -> None:
    mariadb.create(CUSTOMERS)
    mariadb.insert(CUSTOMERS, [customer(1), customer(2)])
    mariadb.execute("update customers set deleted_at = created_at")
    _change(mariadb, "update customers set deleted_at = '0000-00-00' where id = 1")
    result = mariadb.load(CUSTOMERS, fresh_database)
    assert (result.inserted_count, result.rejected_count) == (2, 0)
    found = raw(fresh_database, "select deleted_at is null from raw_billing.customers order by id")
    assert found == [(True,), (False,)]


def test_a_row_that_is_mended_is_loaded(mariadb: SqlSource, fresh_database: str) -> None:
    mariadb.create(CUSTOMERS)
    mariadb.insert(CUSTOMERS, [customer(1), customer(2)])
    _change(mariadb, "update customers set created_at = 0 where id = 1")
    mariadb.load(CUSTOMERS, fresh_database)
    moved = START + timedelta(days=1)
    mariadb.execute("update customers set created_at = %s, updated_at = %s where id = 1", START, moved)
    assert mariadb.load(CUSTOMERS, fresh_database).inserted_count == 1


def test_a_row_that_turned_unreadable_is_not_taken_for_deleted(
    mariadb: SqlSource, fresh_database: str
) -> None:
    mariadb.create(CUSTOMERS)
    mariadb.insert(CUSTOMERS, [customer(1), customer(2)])
    mariadb.load(CUSTOMERS, fresh_database)
    _change(mariadb, "update customers set updated_at = 0 where id = 1")
    result = mariadb.sweep(CUSTOMERS, fresh_database)
    assert (result.deleted_count, result.rejected_count) == (0, 1)


def test_a_boolean_that_is_neither_is_set_aside(mariadb: SqlSource, fresh_database: str) -> None:
    mariadb.create(ACCOUNTS)
    for number, active in enumerate((0, 1, 2, -1)):
        row = (number, 1, "login", active, None, None, START, START, None)
        mariadb.insert(ACCOUNTS, [row])
    result = mariadb.load(ACCOUNTS, fresh_database)
    assert (result.inserted_count, result.rejected_count) == (2, 2)


def test_an_unsigned_number_beyond_bigint_is_set_aside(mariadb: SqlSource, fresh_database: str) -> None:
    mariadb.create(CUSTOMERS)
    mariadb.execute("alter table customers modify company_id bigint unsigned")
    mariadb.insert(CUSTOMERS, [customer(1), customer(2)])
    mariadb.execute("update customers set company_id = 18446744073709551615 where id = 1")
    result = mariadb.load(CUSTOMERS, fresh_database)
    assert (result.inserted_count, result.rejected_count) == (1, 1)


def test_a_zero_date_in_a_key_is_set_aside(mariadb: SqlSource, fresh_database: str) -> None:
    mariadb.create(RATES)
    mariadb.insert(RATES, [("EUR", "USD", START.date(), 1, START), ("EUR", "PLN", START.date(), 4, START)])
    _change(mariadb, "update exchange_rates set rate_date = 0 where currency = 'PLN'")
    result = mariadb.load(RATES, fresh_database)
    assert (result.inserted_count, result.rejected_count) == (1, 1)
    assert mariadb.sweep(RATES, fresh_database).deleted_count == 0


def test_latin_text_and_large_text_arrive_whole(mariadb: SqlSource, fresh_database: str) -> None:
    mariadb.create(CUSTOMERS)
    mariadb.insert(CUSTOMERS, [customer(1), customer(2)])
    mariadb.execute("alter table customers modify name longtext character set latin1")
    mariadb.execute("update customers set name = concat(repeat('ä', 400000), '\\t\\n', 'é') where id = 1")
    mariadb.load(CUSTOMERS, fresh_database)
    arrived = raw(fresh_database, "select name from raw_billing.customers where id = 1")
    assert arrived == [("ä" * 400000 + "\t\né",)]


def _change(source: SqlSource, command: str) -> None:
    with pymysql_connection(source.url) as connection, connection.cursor() as cursor:
        cursor.execute("set sql_mode = ''")
        cursor.execute(command)
        connection.commit()
