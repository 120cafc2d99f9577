"""What goes wrong is named, stops only what depends on it, and the next run heals it."""

import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import dagster as dg
import psycopg
import pytest

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

COUNTS = """
    select 'transactions', count(*), sum(amount) from raw_billing.transactions
    union all select 'history', count(*), sum(balance_amount) from marts.fct_customer_history
    order by 1
"""


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


def test_a_killed_run_is_healed_by_the_next(
    nightly_installation: Settings, operator: OperatorUrls, fresh_database: str, home: Path
) -> None:
    settings = open_installation(home, fresh_database, operator, platform_url="", middleware_url="")
    killed = subdyn(settings, "run", "hourly", "--as-of", AS_OF.isoformat())
    wait_for(lambda: rows(settings, "select to_regclass('marts.fct_transactions')") != [(None,)])
    killed.send_signal(signal.SIGKILL)
    killed.wait()

    # and as if the warehouse had been filled from another source, which is moved here on purpose
    with psycopg.connect(fresh_database) as connection:
        connection.execute(
            "insert into app.source_identities values"
            " ('billing', 2, 'adopted', 'postgresql', '{old.example:5432}', 'billing', '1/1')"
        )
    again = subdyn(settings, "run", "hourly", "--adopt", "--as-of", AS_OF.isoformat())
    _, message = again.communicate(timeout=300)
    assert again.returncode == 0, message
    assert rows(settings, COUNTS) == rows(nightly_installation, COUNTS)
    assert customer_dynamics(settings) == customer_dynamics(nightly_installation)


def test_two_runs_at_once_double_nothing(
    nightly_installation: Settings, operator: OperatorUrls, fresh_database: str, home: Path, tmp_path: Path
) -> None:
    # Two homes: neither knows of the other but through the warehouse.
    here = open_installation(home, fresh_database, operator, platform_url="", middleware_url="")
    there = here.model_copy(update={"home": tmp_path / "another home"})
    running = [subdyn(settings, "run", "hourly", "--as-of", AS_OF.isoformat()) for settings in (here, there)]
    message = [run.communicate(timeout=500)[1] for run in running]
    assert [run.returncode for run in running] == [0, 0], message
    assert rows(here, COUNTS) == rows(nightly_installation, COUNTS)
    assert customer_dynamics(here) == customer_dynamics(nightly_installation)


def test_a_failed_run_ends_with_one_line_and_exit_code_one(
    nightly_installation: Settings, tmp_path: Path
) -> None:
    broken = Settings.model_validate(
        {
            "home": tmp_path,
            "warehouse_url": nightly_installation.warehouse_url,
            "billing_url": "postgresql://nobody@127.0.0.1:1/billing?connect_timeout=1",
            "platform_url": "",
            "middleware_url": "",
        }
    )
    verifying = subdyn(broken, "verify")
    _, message = verifying.communicate(timeout=100)
    assert verifying.returncode == 1
    assert "the billing database cannot be reached" in message.splitlines()[-1]
    assert "Traceback" not in message


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
