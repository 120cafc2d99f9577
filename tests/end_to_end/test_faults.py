"""What goes wrong is named in one line, stops only what depends on it, and the next run heals it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from orchestration.dagster_home import dagster_instance
from orchestration.headless import run_job
from orchestration.settings import Settings
from tests.support.installation import (
    AS_OF,
    NOBODY,
    OperatorUrls,
    customer_dynamics,
    open_installation,
    rows,
    subdyn,
    wait_for,
)
from tests.support.servers import PostgresServer


@pytest.fixture
def installation_without_operator(
    fresh_database: str, home: Path, operator: OperatorUrls
) -> Callable[..., Settings]:
    def made(**urls: str) -> Settings:
        return open_installation(home, fresh_database, operator, **{"middleware_url": "", **urls})

    return made


def with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{quote(password)}@{host}"))


def test_a_wrong_password_is_named_at_once_and_shown_nowhere(
    installation_without_operator: Callable[..., Settings], operator: OperatorUrls
) -> None:
    settings = installation_without_operator(
        billing_url=with_password(operator.billing_url, "wr0ng-secret"), platform_url=""
    )
    outcome = run_job(settings, "hourly", AS_OF)
    # one of its nine tables says why, after one try
    (failed,) = outcome.failures
    assert failed.startswith("raw__billing__") and "\n" not in failed
    assert "refused the login" in failed
    assert "(8 more of its tables were not loaded)" in failed
    assert "wr0ng-secret" not in "".join(outcome.failures)
    stored = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    assert b"wr0ng-secret" not in stored


def test_a_missing_server_stops_what_depends_on_it_only(
    installation_without_operator: Callable[..., Settings], operator: OperatorUrls
) -> None:
    settings = installation_without_operator(billing_url="postgresql://nobody@127.0.0.1:1/billing")
    outcome = run_job(settings, "hourly", AS_OF)
    (failed,) = outcome.failures
    assert failed.startswith("raw__billing__") and "cannot be reached" in failed
    assert rows(settings, "select count(*) > 0 from marts.subscriber_metrics") == [(True,)]


def test_a_missing_table_stops_what_depends_on_it_and_is_named(
    installation_without_operator: Callable[..., Settings],
    operator: OperatorUrls,
    copy_of: Callable[[str], str],
) -> None:
    billing_url = copy_of(operator.billing_url)
    with psycopg.connect(billing_url) as connection:
        connection.execute("alter table packages rename to parcels")
    settings = installation_without_operator(billing_url=billing_url, platform_url="")
    outcome = run_job(settings, "hourly", AS_OF)
    assert [failure.partition(":")[0] for failure in outcome.failures] == ["raw__billing__packages"]
    assert "no table packages" in outcome.failures[0]
    loaded = rows(settings, "select count(*) from raw_billing.watermarks")
    assert loaded == [(8,)]

    with psycopg.connect(billing_url) as connection:
        connection.execute("alter table parcels rename to packages")
    assert run_job(settings, "hourly", AS_OF).failures == ()
    assert len(customer_dynamics(settings)) == 4


def test_ctrl_c_ends_a_run_at_once_and_the_next_one_heals_it(
    operator: OperatorUrls, copy_of: Callable[[str], str], fresh_database: str, home: Path
) -> None:
    billing_url = copy_of(operator.billing_url)
    urls = {"billing_url": billing_url, "platform_url": "", "middleware_url": ""}
    settings = open_installation(home, fresh_database, operator, **urls)

    # while a table is being read, and, after a run that went well, while a model is being built
    for number, database, table in (
        (signal.SIGINT, billing_url, "public.users"),
        (signal.SIGTERM, fresh_database, "marts.dim_customer"),
    ):
        with psycopg.connect(database) as lock:
            lock.execute(f"lock table {table} in access exclusive mode".encode())
            interrupted = subdyn(settings, "run", "hourly", "--as-of", AS_OF.isoformat())
            wait_for(lambda: someone_waits_for_a_lock(lock))
            interrupted.send_signal(number)
            _, message = interrupted.communicate(timeout=20)
            # nor does a query of dbt's go on, which could not go on before the lock is gone
            wait_for(lambda: no_dbt_is_connected(lock), seconds=20)
        assert interrupted.returncode == 130, message
        assert message.strip() == "subdyn: interrupted"
        with dagster_instance(settings) as instance:
            (last,) = instance.get_runs(limit=1)
            assert last.status is dg.DagsterRunStatus.CANCELED
        assert run_job(settings, "hourly", AS_OF).failures == ()


def test_sigterm_while_dbt_parses_is_an_interrupt(fresh_database: str, home: Path) -> None:
    settings = open_installation(home, fresh_database, NOBODY)
    parsing = subdyn(settings, "run", "hourly")
    wait_for((home / "dbt" / "dbt.log").exists)
    parsing.terminate()
    _, message = parsing.communicate(timeout=60)
    assert parsing.returncode == 130, message
    assert message.strip() == "subdyn: interrupted"


def no_dbt_is_connected(connection: psycopg.Connection) -> bool:
    """Whether no session of dbt's is left in the database."""
    sessions = connection.execute(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and application_name = 'dbt'"
    ).fetchone()
    connection.execute("select pg_stat_clear_snapshot()")
    return sessions == (0,)


def someone_waits_for_a_lock(connection: psycopg.Connection) -> bool:
    """And has for a while: by then the run has told all that went before, and waits as well."""
    waiting = connection.execute(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '2 seconds'"
    ).fetchone()
    connection.execute("select pg_stat_clear_snapshot()")
    return waiting != (0,)


LEFT_BYTES = 200_000
Disk = Callable[[Path, str], Path]


@pytest.fixture
def small_disk() -> Iterator[Disk]:
    """Mounts a disk of a size (as mount has it) at a folder; who may not mount cannot run the test."""
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> Path:
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root may mount a small disk")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def failed_run(settings: Settings) -> str:
    """The last line of a run that is expected to fail."""
    run = subdyn(settings, "run", "hourly", "--as-of", AS_OF.isoformat())
    _, message = run.communicate(timeout=500)
    assert run.returncode == 1, message
    assert "Traceback" not in message
    assert "unexpected" not in message
    return message.splitlines()[-1]


def test_a_full_disk_of_dagsters_home_is_named(
    fresh_database: str, home: Path, operator: OperatorUrls, small_disk: Disk
) -> None:
    settings = open_installation(home, fresh_database, operator, billing_url="", middleware_url="")
    folder = small_disk(settings.dagster_home, "128k")
    message = failed_run(settings)
    assert message.startswith(f"subdyn: {folder} cannot be written (")
    assert "MB free): make room on its disk" in message


def test_a_full_disk_of_the_warehouse_is_named(
    postgres_server: PostgresServer,
    servers_folder: Path,
    home: Path,
    operator: OperatorUrls,
    small_disk: Disk,
) -> None:
    folder = small_disk(servers_folder / "small", "20m")
    with psycopg.connect(postgres_server.url, autocommit=True) as server:
        row = server.execute("show data_directory").fetchone()
        assert row is not None
        owner = Path(row[0]).stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        server.execute(sql.SQL("create tablespace small location {}").format(sql.Literal(str(folder))))
        server.execute("create database test_full_disk tablespace small")
    try:
        url = postgres_server.database_url("test_full_disk")
        settings = open_installation(home, url, operator, platform_url="", middleware_url="")
        (folder / "something else").write_bytes(bytes(shutil.disk_usage(folder).free - LEFT_BYTES))
        message = failed_run(settings)
        assert "the disk of the warehouse is full; make room in its server's data folder" in message
        assert "No space left on device" in message
    finally:
        postgres_server.drop_database("test_full_disk")
        with psycopg.connect(postgres_server.url, autocommit=True) as server:
            server.execute("drop tablespace small")
