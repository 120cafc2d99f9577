"""What a run waits for: nothing that a reader could take; and who holds it up is said."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from orchestration import locks
from orchestration.dagster_home import dagster_instance
from orchestration.headless import run_job
from orchestration.settings import Settings
from tests.support.installation import AS_OF, rows

PATIENCE_SECONDS = 120


@pytest.fixture
def reader_in_the_way(
    nightly_installation: Settings, as_bi_reader: Callable[[str], str]
) -> Iterator[psycopg.Connection]:
    """A reading login that holds every lock it can get, in a transaction that does not end."""
    published = rows(
        nightly_installation,
        "select schemaname, tablename from pg_tables where schemaname in ('marts', 'closed')"
        " union all select schemaname, viewname from pg_views where schemaname in ('marts', 'closed')",
    )
    with psycopg.connect(as_bi_reader(nightly_installation.warehouse_login())) as connection:
        for name in published:
            relation = sql.Identifier(*name)
            connection.execute(sql.SQL("select from {} limit 1").format(relation))
            _refused(connection, sql.SQL("lock table {} in row share mode").format(relation))
        for lock in ("app.build_lock", "app.closing_lock", "app.migrations", "raw_billing.turns"):
            _refused(
                connection,
                sql.SQL("lock table {} in access share mode").format(sql.Identifier(*lock.split("."))),
            )
        yield connection


def _refused(connection: psycopg.Connection, statement: sql.Composed) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
        connection.execute(statement)


def test_a_reader_holds_up_no_run_and_whoever_does_is_named(
    nightly_installation: Settings, reader_in_the_way: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "REPORT_AFTER_SECONDS", 1)
    login = nightly_installation.warehouse_login()
    with closing(psycopg.connect(login)) as loading, closing(psycopg.connect(login)) as building:
        loading.execute("update raw_billing.turns set table_name = table_name where table_name = 'users'")
        building.execute("lock table app.build_lock in exclusive mode")
        pids = [one.info.backend_pid for one in (loading, building)]
        holders = dict(zip(pids, (loading, building), strict=True))
        given_up = [threading.Timer(PATIENCE_SECONDS, one.rollback) for one in holders.values()]
        named: list[str] = []

        class _Terminal(logging.Handler):
            """Lets each holder go as soon as it is named."""

            def emit(self, record: logging.LogRecord) -> None:
                named.append(record.getMessage())
                for pid, holder in holders.items():
                    if f"pid {pid} of user {holder.info.user}" in named[-1]:
                        holder.rollback()

        terminal = _Terminal()
        logging.getLogger("orchestration.locks").addHandler(terminal)
        for timer in given_up:
            timer.start()
        try:
            outcome = run_job(nightly_installation, "hourly", AS_OF)
        finally:
            logging.getLogger("orchestration.locks").removeHandler(terminal)
            for timer in given_up:
                timer.cancel()
    assert outcome.failures == ()
    assert reader_in_the_way.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
    by_what = {line.partition(" (")[0]: line for line in named}
    assert f"pid {pids[0]} of user" in by_what["billing.users"]
    assert f"pid {pids[1]} of user" in by_what["build"]
    assert "has waited for app.build_lock since" in by_what["build"]
    assert "in a transaction since" in by_what["build"]
    with dagster_instance(nightly_installation) as instance:
        log = [entry.message for entry in instance.all_logs(outcome.run_id)]
    assert all(any(line in message for message in log) for line in named)
