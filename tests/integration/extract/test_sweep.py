"""What the sweep promises: vanished keys are marked, what no cursor told is fetched, the rest untouched."""

from datetime import timedelta

import pytest

from extract.errors import NeverRetry
from tests.support.sql_source import (
    AS_OF,
    CUSTOMERS,
    START,
    TABLES,
    TAGS,
    USER_CHANGES,
    SqlSource,
    customer,
    fingerprint,
    raw,
    rows_of,
    stored,
)

RATES = TABLES["billing", "exchange_rates"]
DAY = timedelta(days=1)


def test_a_deleted_row_is_marked_and_kept(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number) for number in range(10)])
    source.load(CUSTOMERS, fresh_database)
    source.execute("delete from customers where id in (3, 4)")
    result = source.sweep(CUSTOMERS, fresh_database, AS_OF + DAY)
    assert (result.kind, result.deleted_count) == ("sweep", 2)
    marked = raw(
        fresh_database,
        "select id, name, _deleted_at, _load_id from raw_billing.customers where _deleted_at is not null",
    )
    assert sorted(marked) == [
        (3, "name 3", AS_OF + DAY, result.load_id),
        (4, "name 4", AS_OF + DAY, result.load_id),
    ]


def test_a_row_that_comes_back_is_no_longer_marked(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1), customer(2, moved=START + 9 * DAY)])
    source.load(CUSTOMERS, fresh_database)
    source.execute("delete from customers where id = 1")
    source.sweep(CUSTOMERS, fresh_database)
    source.insert(CUSTOMERS, [customer(1, name="restored", moved=START - 9 * DAY)])
    assert source.sweep(CUSTOMERS, fresh_database).updated_count == 1
    assert raw(fresh_database, "select name, _deleted_at from raw_billing.customers where id = 1") == [
        ("restored", None)
    ]


def test_what_committed_beyond_the_lag_is_fetched(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1), customer(2, moved=START + 9 * DAY)])
    source.load(CUSTOMERS, fresh_database)
    source.insert(CUSTOMERS, [customer(3)])
    source.execute("update customers set balance = 99, updated_at = %s where id = 1", START + 2 * DAY)
    assert source.load(CUSTOMERS, fresh_database).unchanged_count == 1
    swept = source.sweep(CUSTOMERS, fresh_database)
    assert (swept.inserted_count, swept.updated_count) == (1, 1)
    balances = "select id, balance from raw_billing.customers order by id"
    assert [float(balance) for _, balance in raw(fresh_database, balances)] == [99.0, 1.5, 1.5]


@pytest.mark.parametrize("table", [CUSTOMERS, TAGS, USER_CHANGES, RATES], ids=lambda table: table.name)
def test_a_sweep_without_news_changes_nothing(source: SqlSource, fresh_database: str, table) -> None:
    source.create(table)
    source.insert(table, rows_of(table, 40))
    source.load(table, fresh_database)
    before = fingerprint(fresh_database, table)
    result = source.sweep(table, fresh_database)
    assert fingerprint(fresh_database, table) == before
    assert (result.inserted_count, result.updated_count, result.deleted_count) == (0, 0, 0)


def test_keys_of_several_columns_are_swept(source: SqlSource, fresh_database: str) -> None:
    source.create(RATES)
    rows = rows_of(RATES, 10)
    source.insert(RATES, rows[:8])
    source.load(RATES, fresh_database)
    source.execute("delete from exchange_rates where currency = %s", rows[0][1])
    source.insert(RATES, rows[8:])
    swept = source.sweep(RATES, fresh_database)
    assert (swept.inserted_count, swept.deleted_count) == (2, 1)
    assert stored(fresh_database, RATES) == sorted(rows[1:], key=lambda row: row[:3])


def test_a_sweep_before_any_load_brings_the_table_and_the_next_load_reads_on(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1), customer(2)])
    assert source.sweep(CUSTOMERS, fresh_database).inserted_count == 2
    assert source.load(CUSTOMERS, fresh_database).unchanged_count == 2


def test_a_sweep_leaves_the_watermark_where_it_was(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1)])
    source.load(CUSTOMERS, fresh_database)
    before = raw(fresh_database, "select * from raw_billing.watermarks")
    source.insert(CUSTOMERS, [customer(2, moved=START + DAY)])
    source.sweep(CUSTOMERS, fresh_database, AS_OF + DAY)
    assert raw(fresh_database, "select * from raw_billing.watermarks") == before


def test_a_vanished_table_marks_nothing(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1)])
    source.load(CUSTOMERS, fresh_database)
    source.execute("drop table customers")
    with pytest.raises(NeverRetry, match="no table customers"):
        source.sweep(CUSTOMERS, fresh_database)
    assert raw(fresh_database, "select count(*) from raw_billing.customers where _deleted_at is null") == [
        (1,)
    ]
