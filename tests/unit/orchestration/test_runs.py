import os
from datetime import UTC, datetime

import dagster as dg
import pytest

from orchestration.instants import parse_as_of
from orchestration.partitions import last_complete_month
from orchestration.runs import AS_OF_TAG, PROCESS_TAG, as_of, end_killed_runs, this_process


@dg.op
def nothing() -> None:
    return None


@dg.job
def empty() -> None:
    nothing()


def started_run(instance: dg.DagsterInstance, process: str) -> dg.DagsterRun:
    run = instance.create_run_for_job(empty, tags={PROCESS_TAG: process})
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "empty", message="started"), run_id=run.run_id
    )
    return run


def test_an_instant_without_a_zone_is_utc() -> None:
    assert parse_as_of("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_as_of("2026-01-31T06:00+05:45") == datetime(2026, 1, 31, 0, 15, tzinfo=UTC)
    with pytest.raises(ValueError, match="'noon'"):
        parse_as_of("noon")


def test_the_tag_of_a_run_is_its_now() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(empty, tags={AS_OF_TAG: "2026-01-31T00:00:00+00:00"})
        assert as_of(run, instance) == datetime(2026, 1, 31, tzinfo=UTC)


def test_without_a_tag_the_start_is_the_same_now_for_all_steps() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = started_run(instance, this_process())
        assert as_of(run, instance) == as_of(run, instance)


def test_a_run_whose_process_is_gone_is_ended() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        host = this_process().split(":")[0]
        killed = started_run(instance, f"{host}:{os.getpid()}:1.0")
        living = started_run(instance, this_process())
        elsewhere = started_run(instance, "another-machine:1:1.0")
        assert end_killed_runs(instance) == [killed.run_id]
        statuses = {run.run_id: run.status for run in instance.get_runs()}
        assert statuses[killed.run_id] is dg.DagsterRunStatus.FAILURE
        assert statuses[living.run_id] is dg.DagsterRunStatus.STARTED
        assert statuses[elsewhere.run_id] is dg.DagsterRunStatus.STARTED


def test_the_month_to_close_is_the_one_before() -> None:
    assert last_complete_month(datetime(2026, 1, 1, tzinfo=UTC)) == "2025-12-01"
    assert last_complete_month(datetime(2026, 3, 31, tzinfo=UTC)) == "2026-02-01"
