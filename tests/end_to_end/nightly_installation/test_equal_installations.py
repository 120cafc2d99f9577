"""Other engines, fewer sources, a killed run, two at once: the warehouse ends as after the nightly run."""

import signal
from collections.abc import Callable
from pathlib import Path

import psycopg

from orchestration.headless import run_job
from orchestration.settings import Settings
from tests.support.installation import (
    AS_OF,
    OperatorUrls,
    customer_dynamics,
    open_installation,
    rows,
    subdyn,
    wait_for,
)

METRICS = """
    select subscriber_id, month, super_users, enabled_staff, active_staff, concurrent_max, logon_minutes
    from marts.subscriber_metrics
    order by 1, 2
"""
COUNTS = """
    select 'transactions', count(*), sum(amount) from raw_billing.transactions
    union all select 'history', count(*), sum(balance_amount) from marts.fct_customer_history
    order by 1
"""


def test_a_run_on_mariadb_sources_equals_the_run_on_postgresql(
    nightly_installation: Settings,
    operator: OperatorUrls,
    mariadb_operator: OperatorUrls,
    fresh_database: str,
    home: Path,
) -> None:
    settings = open_installation(
        home, fresh_database, mariadb_operator, middleware_url=operator.middleware_url
    )
    assert run_job(settings, "nightly", AS_OF).failures == ()
    for asked in (
        {},
        {"group_by": "package"},
        {"group_by": "date", "company_id": 2, "active_duration_months": 3},
    ):
        report = customer_dynamics(settings, **asked)
        assert len(report) > 1
        assert report == customer_dynamics(nightly_installation, **asked)
    assert rows(settings, METRICS) == rows(nightly_installation, METRICS)


def test_an_installation_of_billing_alone_is_whole_and_its_live_balances_are_checked(
    nightly_installation: Settings,
    operator: OperatorUrls,
    copy_of: Callable[[str], str],
    fresh_database: str,
    home: Path,
) -> None:
    billing_url = copy_of(operator.billing_url)
    with psycopg.connect(billing_url) as connection:
        connection.execute("update customers set balance = balance + 1 where id = 5")
    settings = open_installation(
        home, fresh_database, operator, billing_url=billing_url, middleware_url="", platform_url=""
    )
    outcome = run_job(settings, "nightly", AS_OF)
    # The one thing that is wrong is told, and stops nothing.
    assert [failure for failure in outcome.failures if "ledger_equals_live_balances" not in failure] == []
    assert "customer 5:" in "".join(outcome.failures)
    assert customer_dynamics(settings) == customer_dynamics(nightly_installation)
    absent = rows(settings, "select to_regnamespace('raw_middleware'), to_regnamespace('raw_platform')")
    assert absent == [(None, None)]


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
