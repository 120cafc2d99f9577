"""Closes that are killed, or meet each other, or meet a warehouse that is not ready."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from tests.support.servers import PostgresServer
from tests.support.warehouse import DATABASE, ParsedProject, Warehouse, new_warehouse

CREATED = datetime(2024, 1, 5, tzinfo=UTC)
DATA_THROUGH = datetime(2024, 3, 10, tzinfo=UTC)
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def prepared(postgres_server: PostgresServer, project: ParsedProject) -> Iterator[str]:
    """The name of a database in which everything is built, and two months of three subscribers may close."""
    name = f"{DATABASE}_prepared"
    with new_warehouse(postgres_server, project) as warehouse:
        warehouse.load(
            {
                "subscribers": [{"id": number, "created_at": CREATED} for number in (1, 2, 3)],
                "users": [
                    {"id": number, "subscriber_id": number, "created_at": CREATED} for number in (1, 2, 3)
                ],
            },
            DATA_THROUGH,
        )
        warehouse.build("--exclude", "tag:monthly_close,tag:monthly_close+")
        postgres_server.copy_database(DATABASE, name)
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def ready_to_close(
    postgres_server: PostgresServer, project: ParsedProject, prepared: str
) -> Iterator[Warehouse]:
    """A copy of the prepared database."""
    yield Warehouse(postgres_server.copy_database(prepared, DATABASE), project)
    postgres_server.drop_database(DATABASE)


def _wait_for(connection: psycopg.Connection, query: str) -> int:
    """The single number of the query, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        row = connection.execute(query.encode()).fetchone()
        if row is not None:
            return row[0]
        time.sleep(0.05)
    pytest.fail(f"nothing came of: {query}")


def _counts(warehouse: Warehouse) -> tuple[int, int]:
    return (
        warehouse.value("select count(*) from closed.subscriber_metrics_monthly"),
        warehouse.value("select count(*) from closed.subscriber_metric_evidence"),
    )


def test_a_close_killed_half_way_leaves_nothing_and_the_next_closes_all(ready_to_close: Warehouse) -> None:
    with ready_to_close.connect() as connection:
        # its evidence is written, its rows are held up
        connection.execute("begin; lock table closed.subscriber_metrics_monthly in share row exclusive mode")
        with ready_to_close.dbt_process("run", "--select", "subscriber_metrics_monthly") as close:
            with ready_to_close.connect() as watcher:
                backend = _wait_for(
                    watcher,
                    "select pid from pg_stat_activity where wait_event_type = 'Lock'"
                    " and datname = current_database()"
                    " and query ilike '%insert into%subscriber_metrics_monthly%'",
                )
                watcher.execute("select pg_terminate_backend(%s)", (backend,))
            assert close.wait(PATIENCE_SECONDS) != 0
        connection.execute("rollback")
    assert _counts(ready_to_close) == (0, 0)
    ready_to_close.build_and_test()
    assert _counts(ready_to_close) == (6, 6)


def test_two_closes_at_once_close_each_month_once(ready_to_close: Warehouse) -> None:
    select = ("run", "--select", "subscriber_metrics_monthly")
    with ready_to_close.dbt_process(*select) as first, ready_to_close.dbt_process(*select) as second:
        assert [first.wait(PATIENCE_SECONDS), second.wait(PATIENCE_SECONDS)] == [0, 0]
    assert _counts(ready_to_close) == (6, 6)
    assert ready_to_close.rows("select * from closed.subscriber_metrics_broken_links()") == []


def test_a_close_can_be_held_to_a_month(ready_to_close: Warehouse) -> None:
    ready_to_close.build("--select", "subscriber_metrics_monthly", close_through="2024-01")
    assert _counts(ready_to_close) == (3, 3)


def test_closing_without_the_protected_tables_is_refused(ready_to_close: Warehouse) -> None:
    with ready_to_close.connect() as connection:
        connection.execute("drop schema closed cascade; create schema closed authorization subdyn_pipeline")
    with pytest.raises(AssertionError, match="made by the warehouse's migrations: run them first"):
        ready_to_close.build("--select", "subscriber_metrics_monthly")
    assert ready_to_close.value("select count(*) from pg_tables where schemaname = 'closed'") == 0
