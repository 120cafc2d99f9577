"""What a load of a SQL table promises, on PostgreSQL and MariaDB alike."""

import dataclasses
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql

from extract.errors import NeverRetry
from extract.specification import columns
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


def test_first_load_brings_every_table_exactly(source: SqlSource, fresh_database: str) -> None:
    for table in TABLES.values():
        if (table.source, table.name) == ("platform", "users"):
            source.execute("drop table users")
        rows = rows_of(table, 20)
        source.create(table)
        source.insert(table, rows)
        result = source.load(table, fresh_database)
        assert (result.extracted_count, result.inserted_count, result.drift) == (20, 20, ())
        assert stored(fresh_database, table) == sorted(rows, key=lambda row: row[: len(table.key)])


def test_both_engines_give_the_same_bytes(
    fresh_database: str, other_database: str, fresh_mariadb: str, postgres_server
) -> None:
    warehouses = {"postgresql": fresh_database, "mariadb": postgres_server.create_database("test_twin")}
    urls = {"postgresql": other_database, "mariadb": fresh_mariadb}
    try:
        copies = {}
        for engine, url in urls.items():
            source = SqlSource(url, engine)
            for table in (*(table for table in TABLES.values() if table.source == "billing"), USER_CHANGES):
                source.create(table)
                source.insert(table, rows_of(table, 30))
                source.load(table, warehouses[engine])
                copies[engine, table.name] = _copied(warehouses[engine], table)
        for engine, name in copies:
            assert copies[engine, name] == copies["postgresql", name], name
    finally:
        postgres_server.drop_database("test_twin")


def test_rerun_of_a_load_changes_nothing(source: SqlSource, fresh_database: str) -> None:
    for table in (CUSTOMERS, TAGS, USER_CHANGES):
        source.create(table)
        source.insert(table, rows_of(table, 50))
        first = source.load(table, fresh_database)
        before = fingerprint(fresh_database, table)
        again = source.load(table, fresh_database)
        assert fingerprint(fresh_database, table) == before
        assert (again.inserted_count, again.updated_count, again.deleted_count) == (0, 0, 0)
        assert again.unchanged_count == again.extracted_count
        assert again.watermark == first.watermark


def test_only_changed_rows_get_the_new_load(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number) for number in range(100)])
    first = source.load(CUSTOMERS, fresh_database)
    moved = START + timedelta(days=1)
    source.execute("update customers set name = 'other', updated_at = %s where id < 3", moved)
    source.insert(CUSTOMERS, [customer(100, moved=moved)])
    second = source.load(CUSTOMERS, fresh_database)
    assert (second.inserted_count, second.updated_count) == (1, 3)
    loads = dict(raw(fresh_database, "select id, _load_id from raw_billing.customers"))
    assert {number for number, load in loads.items() if load == second.load_id} == {0, 1, 2, 100}
    assert set(loads.values()) == {first.load_id, second.load_id}


def test_a_load_reads_what_moved_and_little_else(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(
        CUSTOMERS, [customer(number, moved=START + timedelta(minutes=number)) for number in range(100)]
    )
    source.load(CUSTOMERS, fresh_database)
    assert source.load(CUSTOMERS, fresh_database).extracted_count == 11


def test_a_transaction_that_commits_after_a_later_one_is_found(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1, moved=START + timedelta(hours=1))])
    source.load(CUSTOMERS, fresh_database)
    source.insert(CUSTOMERS, [customer(2, moved=START + timedelta(minutes=51))])
    assert source.load(CUSTOMERS, fresh_database).inserted_count == 1


def test_a_lower_id_that_commits_after_a_higher_one_is_found(source: SqlSource, fresh_database: str) -> None:
    source.create(USER_CHANGES)
    rows = rows_of(USER_CHANGES, 30)
    source.insert(USER_CHANGES, [row for row in rows if row[0] != 7])
    source.load(USER_CHANGES, fresh_database)
    source.insert(USER_CHANGES, [row for row in rows if row[0] == 7])
    assert source.load(USER_CHANGES, fresh_database).inserted_count == 1


def test_a_row_stamped_in_the_future_hides_nothing(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1), customer(2, moved=AS_OF + timedelta(days=9000))])
    source.load(CUSTOMERS, fresh_database)
    later = AS_OF + timedelta(hours=1)
    source.insert(CUSTOMERS, [customer(3, moved=later)])
    assert source.load(CUSTOMERS, fresh_database, later).inserted_count == 1


def test_a_table_without_cursor_marks_what_vanished_and_welcomes_it_back(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(TAGS)
    source.insert(TAGS, [(1, "a"), (1, "b"), (2, "a")])
    source.load(TAGS, fresh_database)
    source.execute("delete from customer_tags where tag = 'b'")
    gone = source.load(TAGS, fresh_database)
    assert gone.deleted_count == 1
    marked = "select tag, _deleted_at, _load_id from raw_billing.customer_tags where _deleted_at is not null"
    assert raw(fresh_database, marked) == [("b", AS_OF, gone.load_id)]
    source.insert(TAGS, [(1, "b")])
    assert source.load(TAGS, fresh_database).updated_count == 1
    assert raw(fresh_database, marked) == []


def test_a_new_source_column_is_reported(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.execute("alter table customers add column loyalty int")
    source.insert(CUSTOMERS, [customer(1)])
    assert source.load(CUSTOMERS, fresh_database).drift == ("loyalty",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("alter table customers drop column balance", "no column balance"),
        ("alter table customers alter_type name bigint", "column name is bigint"),
        ("alter table customers alter_type balance numeric(20,8)", "column balance is"),
        ("alter table customers alter_type balance double precision", "column balance is double"),
        ("alter table customers alter_type updated_at date", "column updated_at is date"),
        ("drop table customers", "no table customers"),
    ],
)
def test_a_missing_or_changed_column_stops_that_table_by_name(
    source: SqlSource, fresh_database: str, change: str, message: str
) -> None:
    source.create(CUSTOMERS)
    command = change.replace("alter_type", "modify")
    if source.engine == "postgresql" and "alter_type" in change:
        _, _, _, _, name, *kind = change.split()
        using = "null::bigint" if name == "name" else name
        command = f"alter table customers alter {name} type {' '.join(kind)} using {using}"
    source.execute(command)
    with pytest.raises(NeverRetry, match=message) as caught:
        source.load(CUSTOMERS, fresh_database)
    assert "billing.customers" in str(caught.value)
    assert raw(fresh_database, "select to_regclass('raw_billing.customers')") == [(None,)]


def test_a_column_added_to_the_specification_is_filled_for_old_rows(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number, moved=START + timedelta(days=number)) for number in range(30)])
    source.load(CUSTOMERS, fresh_database)
    source.execute("alter table customers add column loyalty int not null default 7")
    grown = dataclasses.replace(CUSTOMERS, columns=(*CUSTOMERS.columns, *columns("loyalty int")))
    assert source.load(grown, fresh_database).updated_count == 30
    assert raw(fresh_database, "select distinct loyalty from raw_billing.customers") == [(7,)]


def test_the_load_log_tells_each_complete_load(source: SqlSource, fresh_database: str) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1), customer(2)])
    result = source.load(CUSTOMERS, fresh_database)
    logged = raw(
        fresh_database,
        "select load_id, table_name, kind, as_of, extracted_count, inserted_count, watermark, finished_at"
        " from raw_billing.load_log",
    )
    assert logged == [
        (result.load_id, "customers", "changes", AS_OF, 2, 2, result.watermark, result.finished_at)
    ]
    marks = raw(fresh_database, "select table_name, cursor_value, load_id, as_of from raw_billing.watermarks")
    assert marks == [("customers", result.watermark, result.load_id, AS_OF)]


def test_a_load_works_under_the_role_its_url_names(source: SqlSource, fresh_database: str) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute(
            "do $$ begin create role extract_tester nologin;"
            " exception when duplicate_object then null; end $$"
        )
        grant = sql.SQL("grant create on database {} to extract_tester")
        connection.execute(grant.format(sql.Identifier(connection.info.dbname)))
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(1)])
    source.load(CUSTOMERS, f"{fresh_database}?options=-c%20role%3Dextract_tester")
    owner = "select tableowner from pg_tables where schemaname = 'raw_billing' and tablename = 'customers'"
    assert raw(fresh_database, owner) == [("extract_tester",)]


def _copied(warehouse: str, table) -> bytes:
    names = ", ".join(column.name for column in table.columns)
    key = ", ".join(table.key)
    query = f"copy (select {names} from raw_{table.source}.{table.name} order by {key}) to stdout"
    with (
        psycopg.connect(warehouse) as connection,
        connection.cursor() as cursor,
        cursor.copy(query) as copy,  # pyright: ignore[reportArgumentType]
    ):
        return b"".join(copy)
