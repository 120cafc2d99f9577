"""Faults: one line that names the thing and no password; nothing lost or doubled; a rerun heals."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pymysql
import pytest

from extract.errors import ExtractionError, NeverRetry, RetryLater
from extract.load import load_table
from extract.specification import SourceTable, columns
from tests.support.sql_source import (
    AS_OF,
    CUSTOMERS,
    SqlSource,
    customer,
    pymysql_connection,
    raw,
    stored,
)

MANY = 30_000


@pytest.mark.parametrize(
    ("break_url", "kind", "output"),
    [
        (
            lambda parts: parts._replace(netloc=parts.netloc.rpartition(":")[0] + ":1"),
            RetryLater,
            "cannot be reached",
        ),
        (lambda parts: parts._replace(path="/absent_database"), NeverRetry, "absent_database"),
        (
            lambda parts: parts._replace(netloc="nobody:hidden-word@" + parts.netloc.rpartition("@")[2]),
            NeverRetry,
            "mend user or password",
        ),
        (
            lambda parts: parts._replace(netloc="someone:hidden-word/#@nowhere:port"),
            NeverRetry,
            "not of the form",
        ),
        (lambda parts: parts._replace(scheme="oracle"), NeverRetry, "has to start with"),
    ],
    ids=["nobody there", "no such database", "wrong login", "malformed", "another engine"],
)
def test_a_wrong_source_url_is_told_in_one_line(
    source: SqlSource, fresh_database: str, break_url: Callable, kind: type[ExtractionError], output: str
) -> None:
    url = break_url(urlsplit(source.url)).geturl()
    with pytest.raises(kind, match=output) as caught:
        load_table(CUSTOMERS, url, fresh_database, AS_OF)
    _assert_clean(str(caught.value), source.url, fresh_database)


@pytest.mark.parametrize(
    ("old", "new", "kind", "output"),
    [
        ("{port}", "1", RetryLater, "warehouse cannot be reached"),
        ("{database}", "absent_database", NeverRetry, "database name in the URL of the warehouse"),
        ("{password}", "hidden-word", NeverRetry, "warehouse refused the login"),
    ],
)
def test_a_wrong_warehouse_url_is_told_in_one_line(
    other_database: str, fresh_database: str, old: str, new: str, kind: type[ExtractionError], output: str
) -> None:
    source = SqlSource(other_database, "postgresql")
    source.create(CUSTOMERS)
    parts = urlsplit(fresh_database)
    old = old.format(port=parts.port, database=parts.path[1:], password=parts.password)
    with pytest.raises(kind, match=output) as caught:
        load_table(CUSTOMERS, source.url, fresh_database.replace(old, new), AS_OF)
    _assert_clean(str(caught.value), fresh_database, other_database)


def test_a_table_nobody_may_read_is_named(other_database: str, fresh_database: str) -> None:
    source = SqlSource(other_database, "postgresql")
    source.create(CUSTOMERS)
    source.execute("drop role if exists extract_stranger")
    source.execute("create role extract_stranger login password 'hidden-word'")
    parts = urlsplit(other_database)
    url = parts._replace(netloc=f"extract_stranger:hidden-word@{parts.netloc.rpartition('@')[2]}").geturl()
    with pytest.raises(NeverRetry, match="permission denied for table customers"):
        load_table(CUSTOMERS, url, fresh_database, AS_OF)


def test_a_key_that_is_not_unique_is_named(other_database: str, fresh_database: str) -> None:
    source = SqlSource(other_database, "postgresql")
    source.execute("create table twice as select 1::bigint as id, 'a' as name from generate_series(1, 2)")
    table = SourceTable("billing", "twice", ("id",), columns("id id, name text"), None)
    with pytest.raises(NeverRetry, match=r"billing\.twice: the key \(id\) is not unique"):
        load_table(table, source.url, fresh_database, AS_OF)


def test_a_source_that_goes_away_mid_load_leaves_the_warehouse_as_it_was(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number) for number in range(100)])
    source.load(CUSTOMERS, fresh_database)
    source.insert(CUSTOMERS, [customer(number) for number in range(100, MANY)])
    before = raw(fresh_database, "select count(*), max(_load_id) from raw_billing.customers")
    refused = pytest.raises(RetryLater, match=r"billing\.customers: the billing database")
    with _readers_cut(source), refused as caught:
        source.load(CUSTOMERS, fresh_database)
    _assert_clean(str(caught.value), source.url, fresh_database)
    assert raw(fresh_database, "select count(*), max(_load_id) from raw_billing.customers") == before
    assert source.load(CUSTOMERS, fresh_database).inserted_count == MANY - 100


def test_a_warehouse_that_goes_away_mid_load_keeps_nothing_of_it(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number) for number in range(MANY)])
    with _connections_cut(fresh_database, "copy %"), pytest.raises(RetryLater, match="warehouse"):
        source.load(CUSTOMERS, fresh_database)
    assert raw(fresh_database, "select count(*) from raw_billing.load_log") == [(0,)]
    assert source.load(CUSTOMERS, fresh_database).inserted_count == MANY


def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(
    source: SqlSource, fresh_database: str
) -> None:
    dice = random.Random(7)
    source.create(CUSTOMERS)
    rows = [customer(number) for number in range(MANY)]
    source.insert(CUSTOMERS, rows[: MANY // 2])
    complete = 0
    for round_number in range(6):
        if round_number == 3:
            source.load(CUSTOMERS, fresh_database)
            source.insert(CUSTOMERS, rows[MANY // 2 :])
        process = _loading(source.url, fresh_database)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(dice.uniform(0, 0.6))
        process.kill()
        complete += process.wait() == 0
        _assert_whole(fresh_database)
    source.load(CUSTOMERS, fresh_database)
    assert stored(fresh_database, CUSTOMERS) == rows


def test_two_loads_at_once_take_turns_and_the_second_finds_nothing_new(
    source: SqlSource, fresh_database: str
) -> None:
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number) for number in range(2000)])
    processes = [_loading(source.url, fresh_database) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    inserted = raw(
        fresh_database, "select inserted_count, updated_count from raw_billing.load_log order by load_id"
    )
    assert inserted == [(2000, 0), (0, 0), (0, 0)]


def test_a_load_sees_one_snapshot_of_the_source(other_database: str, fresh_database: str) -> None:
    source = SqlSource(other_database, "postgresql")
    source.create(CUSTOMERS)
    source.insert(CUSTOMERS, [customer(number) for number in range(MANY)])
    stop = threading.Event()

    def shift() -> None:
        with psycopg.connect(source.url, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("update customers set balance = balance + 1, name = 'moved'")

    writer = threading.Thread(target=shift)
    writer.start()
    try:
        for _ in range(3):
            source.load(CUSTOMERS, fresh_database, AS_OF + timedelta(days=1))
            assert raw(fresh_database, "select count(distinct balance) from raw_billing.customers") == [(1,)]
            raw_reset(fresh_database)
    finally:
        stop.set()
        writer.join()


def raw_reset(warehouse: str) -> None:
    """Forget what was loaded."""
    with psycopg.connect(warehouse) as connection:
        connection.execute("drop schema raw_billing cascade")


def _loading(source_url: str, warehouse: str) -> subprocess.Popen[str]:
    program = (
        "import sys\n"
        "from extract.load import load_table\n"
        "from tests.support.sql_source import AS_OF, CUSTOMERS\n"
        "print('ready', flush=True)\n"
        "load_table(CUSTOMERS, sys.argv[1], sys.argv[2], AS_OF)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, source_url, warehouse], stdout=subprocess.PIPE, text=True
    )


def _assert_whole(warehouse: str) -> None:
    if raw(warehouse, "select to_regclass('raw_billing.customers') is null")[0][0]:
        return
    counted = raw(warehouse, "select count(*) from raw_billing.customers")[0][0]
    logged = raw(warehouse, "select coalesce(sum(inserted_count), 0) from raw_billing.load_log")[0][0]
    assert counted == logged


@contextmanager
def _readers_cut(source: SqlSource) -> Iterator[None]:
    """Whoever reads the source inside the block loses its connection."""
    if source.engine == "postgresql":
        with _connections_cut(source.url, "copy %"):
            yield
        return
    with pymysql_connection(source.url) as connection, connection.cursor() as cursor:

        def cut() -> None:
            cursor.execute(
                "select id from information_schema.processlist"
                " where db = database() and id <> connection_id() and info like 'select if(%'"
            )
            for (number,) in cursor.fetchall():
                with suppress(pymysql.Error):
                    cursor.execute(f"kill {number}")

        with _again_and_again(cut):
            yield


@contextmanager
def _connections_cut(url: str, query: str) -> Iterator[None]:
    """Whoever runs such a query in that database inside the block loses its connection."""
    with psycopg.connect(url, autocommit=True) as connection:

        def cut() -> None:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid() and query ilike %s",
                [query],
            )

        with _again_and_again(cut):
            yield


@contextmanager
def _again_and_again(act: Callable[[], None]) -> Iterator[None]:
    """Act once before the block, so that all is connected by then, and all through it."""
    act()
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _assert_clean(message: str, *urls: str) -> None:
    assert "\n" not in message
    assert message.startswith("billing.customers: ")
    assert "hidden-word" not in message
    for url in urls:
        password = urlsplit(url).password
        assert not password or password not in message
