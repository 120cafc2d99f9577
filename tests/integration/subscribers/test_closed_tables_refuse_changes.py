"""The database itself refuses to change what is closed, and rows that close too early or out of order."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from tests.support.warehouse import Warehouse

CREATED = datetime(2024, 1, 5, tzinfo=UTC)
LOADED = datetime(2024, 3, 10, 8, tzinfo=UTC)
CLOSED_TABLES = ("subscriber_metrics_monthly", "subscriber_metric_evidence", "restatements")


@pytest.fixture(scope="module")
def closed(shared_warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse in which January and February of one subscriber are closed."""
    shared_warehouse.load(
        {
            "subscribers": [{"id": 1, "created_at": CREATED}],
            "users": [{"id": 1, "subscriber_id": 1, "created_at": CREATED}],
        },
        LOADED,
    )
    shared_warehouse.build("--select", "+subscriber_metrics_monthly")
    closed_months = "select count(*) from closed.subscriber_metrics_monthly where closing_grace_hours = 24"
    assert shared_warehouse.value(closed_months) == 2
    yield shared_warehouse


@pytest.mark.parametrize("table", CLOSED_TABLES)
@pytest.mark.parametrize("statement", ["update {} set month = month", "delete from {}", "truncate {}"])
@pytest.mark.parametrize("role", ["subdyn_pipeline", "bi_reader", "subdyn_owner", None])
def test_the_database_refuses_to_change_what_is_closed(
    closed: Warehouse, role: str | None, statement: str, table: str
) -> None:
    changed = sql.SQL(statement).format(sql.Identifier("closed", table))  # pyright: ignore[reportArgumentType]
    with closed.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(changed + sql.SQL(" cascade") if "truncate" in statement else changed)


def test_a_session_that_plays_a_replica_is_refused_as_well(closed: Warehouse) -> None:
    with closed.connect() as connection:
        connection.execute("set session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
            connection.execute("update closed.subscriber_metrics_monthly set super_users = 0")


@pytest.mark.parametrize(
    "statement",
    [
        "alter table closed.restatements disable trigger refuse_change",
        "drop trigger refuse_change on closed.restatements",
        "drop table closed.restatements",
        "drop schema closed cascade",
        "alter table closed.restatements rename to other",
        "create rule nothing as on insert to closed.restatements do instead nothing",
        "create or replace function closed.refuse_change() returns trigger language plpgsql"
        " as 'begin return null; end'",
        "create table closed.other (a int)",
        "set role subdyn_owner",
    ],
)
def test_the_pipeline_cannot_get_round_the_refusal(closed: Warehouse, statement: str) -> None:
    with closed.connect("subdyn_pipeline") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


# March of subscriber 1, as the pipeline would write it once its grace is over.
HONEST = """
    month = '2024-03-01', month_start_at = '2024-03-01 00:00Z', month_end_at = '2024-04-01 00:00Z',
    data_through_at = '2024-04-02 00:00Z', closed_at = closed.moment_of_writing(), previous_hash = row_hash
"""
SEAL = """
    update written as w
    set row_hash = closed.link(
        w.previous_hash, closed.subscriber_metrics_text(row(w.*)::closed.subscriber_metrics_monthly)
    )
"""


def _write(connection: psycopg.Connection, forgery: str, sealed: bool = True) -> None:
    """Write subscriber 1's March with some columns forged, and take it back; fails where it is refused."""
    with connection.transaction(force_rollback=True):
        connection.execute(
            "create temporary table written on commit drop as select * from closed.subscriber_metrics_monthly"
            " where subscriber_id = 1 and month = '2024-02-01'"
        )
        for statement in (HONEST, forgery) if sealed else (HONEST,):
            connection.execute(f"update written set {statement}".encode())
        connection.execute(SEAL.encode())
        if not sealed:
            connection.execute(f"update written set {forgery}".encode())
        connection.execute("insert into closed.subscriber_metrics_monthly select * from written")


@pytest.mark.parametrize(
    ("forgery", "message"),
    [
        (
            "data_through_at = '2024-04-01 23:59:59.999999Z'",
            "data through has not passed its end by the grace",
        ),
        ("closing_grace_hours = 25", "data through has not passed its end by the grace"),
        ("closing_grace_hours = 0", "violates check constraint"),
        ("closing_grace_hours = null", "does not say as of when and after which grace"),
        ("closed_as_of = null", "does not say as of when and after which grace"),
        ("month_end_at = '2024-03-20 00:00Z'", "does not end with its calendar month"),
        ("month_start_at = '2024-03-01 01:00Z'", "does not begin where the month before it ended"),
        ("closed_at = closed_at - interval '1 second'", "closed_at is not the moment of writing"),
        ("closed_at = closed_at + interval '1 minute'", "closed_at is not the moment of writing"),
        ("previous_hash = null", "does not link to the month before it"),
        (
            "month = '2024-04-01', month_start_at = '2024-04-01 00:00Z', month_end_at = '2024-05-01 00:00Z',"
            " data_through_at = '2024-06-01 00:00Z'",
            "the month before it is not closed",
        ),
        (
            "month = '2023-12-01', month_start_at = '2023-12-01 00:00Z', month_end_at = '2024-01-01 00:00Z',"
            " previous_hash = null",
            "a later month is closed already",
        ),
    ],
)
def test_a_row_that_closes_too_early_or_out_of_order_is_refused(
    closed: Warehouse, forgery: str, message: str
) -> None:
    with closed.connect("subdyn_pipeline") as connection:
        _write(connection, "subscriber_name = 'as written by the pipeline'")
        with pytest.raises(psycopg.errors.IntegrityError, match=message):
            _write(connection, forgery)


@pytest.mark.parametrize(
    "forgery", ["super_users = 7", "row_hash = repeat('0', 64)", "closing_grace_hours = 1"]
)
def test_a_row_whose_hash_is_not_its_own_is_refused(closed: Warehouse, forgery: str) -> None:
    with (
        closed.connect("subdyn_pipeline") as connection,
        pytest.raises(
            psycopg.errors.IntegrityError, match="2024-03-01: its hash is not the hash of its values"
        ),
    ):
        _write(connection, forgery, sealed=False)
