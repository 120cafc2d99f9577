"""Months are closed by Dagster: the sensor asks for them, the job closes them, a rerun leaves them alone."""

import json
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from exports.verification.anchors import FILE_NAME
from orchestration.dagster_home import dagster_instance
from orchestration.definitions import build_definitions
from orchestration.headless import run_job
from orchestration.partitions import CLOSED as CLOSED_ASSET
from orchestration.runs import AS_OF_TAG
from orchestration.settings import Settings
from tests.support.installation import AS_OF, OperatorUrls, open_installation, rows, subdyn

LATER = AS_OF + timedelta(days=2)
GRACE = timedelta(hours=5)
METRICS = """
    select month::text, subscriber_id, super_users, enabled_staff, active_staff, enabled_managers,
        active_managers, enabled_reps, active_reps, concurrent_max, concurrent_max_at, logon_minutes,
        file_limit_mb, commission_items, process_fields
    from marts.subscriber_metrics
    where month < '2026-03-01'
    order by 1, 2
"""
ENDED = """
    select month::text, count(*) from marts.subscriber_metrics where month_end_at <= %s group by 1 order by 1
"""
CLOSED = "select month::text, count(*) from closed.subscriber_metrics_monthly group by 1 order by 1"
VERSIONS = "select subscriber_id, month, xmin::text, row_hash from closed.subscriber_metrics_monthly"


@pytest.fixture
def platform_installation(fresh_database: str, home: Path, operator: OperatorUrls) -> Settings:
    """An installation that has nothing but a platform to invoice, loaded once."""
    settings = open_installation(
        home,
        fresh_database,
        operator,
        billing_url="",
        middleware_url="",
        closing_grace_hours=GRACE // timedelta(hours=1),
    )
    assert run_job(settings, "hourly", AS_OF).failures == ()
    return settings


def asked_for_by_the_sensor(settings: Settings) -> dg.RunRequest | dg.SkipReason:
    sensor = build_definitions(settings).resolve_sensor_def("months_to_close")
    with dagster_instance(settings) as instance:
        outcome = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(outcome, dg.RunRequest | dg.SkipReason)
    return outcome


def shown_as_closed(settings: Settings) -> set[str]:
    with dagster_instance(settings) as instance:
        return instance.get_materialized_partitions(CLOSED_ASSET)


def anchored_months(settings: Settings) -> int:
    """How many closed rows the last anchor in the home speaks of."""
    return json.loads((settings.home / FILE_NAME).read_text().splitlines()[-1])["months"]


def run_what_was_asked_for(settings: Settings, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    job = build_definitions(settings).resolve_job_def("monthly_close")
    with dagster_instance(settings) as instance:
        return job.execute_in_process(
            instance=instance,
            partition_key=request.partition_key,
            tags={**request.tags, AS_OF_TAG: AS_OF.isoformat()},
            raise_on_error=False,
        )


def test_months_close_once_they_may_and_are_never_written_again(platform_installation: Settings) -> None:
    assert rows(platform_installation, CLOSED) == []
    live = rows(platform_installation, METRICS)
    ended = rows(platform_installation, ENDED, AS_OF - GRACE)
    assert [month for month, _ in ended] == ["2026-01-01", "2026-02-01", "2026-03-01"]

    # March ended six hours ago: the grace that was set is over, what is due and what closes agree
    request = asked_for_by_the_sensor(platform_installation)
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2026-03"
    closing = run_what_was_asked_for(platform_installation, request)
    assert closing.success
    checks = closing.get_asset_check_evaluations()
    assert checks and all(check.passed for check in checks)
    assert rows(platform_installation, CLOSED) == ended
    assert rows(platform_installation, METRICS) == live
    assert isinstance(asked_for_by_the_sensor(platform_installation), dg.SkipReason)

    assert anchored_months(platform_installation) == sum(count for _, count in ended)

    # March is not over everywhere: it is not shown as closed, and a run that is to close it says why
    assert shown_as_closed(platform_installation) == {"2026-01", "2026-02"}
    written = set(rows(platform_installation, VERSIONS))
    outcome = run_job(platform_installation, "monthly_close", AS_OF)
    assert outcome.failures == ()
    assert [warning.partition(" for ")[0] for warning in outcome.warnings] == ["2026-03 is not closed"]
    assert set(rows(platform_installation, VERSIONS)) == written
    assert shown_as_closed(platform_installation) == {"2026-01", "2026-02"}

    # two days later the schedule's own run, which loads what is new itself, closes March in the other zones
    assert run_job(platform_installation, "monthly_close", LATER).failures == ()
    closed = rows(platform_installation, CLOSED)
    assert closed == rows(platform_installation, ENDED, LATER - GRACE) != ended
    assert written < set(rows(platform_installation, VERSIONS))
    assert shown_as_closed(platform_installation) == {"2026-01", "2026-02", "2026-03"}
    assert anchored_months(platform_installation) == sum(count for _, count in closed)
    verifying = subdyn(platform_installation, "verify")
    _, message = verifying.communicate(timeout=200)
    assert verifying.returncode == 0, message
