import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.instants import parse_as_of
from orchestration.partitions import CLOSED_MONTHS, add_months, last_complete_month
from orchestration.runs import (
    AS_OF_TAG,
    PROCESS_TAG,
    AsOfRefused,
    as_of,
    end_killed_runs,
    process_tags,
    refuse_as_of,
    sources_loaded,
    this_process,
)
from orchestration.settings import Settings


@dg.op
def nothing() -> None:
    return None


@dg.job
def empty() -> None:
    nothing()


def new_run(instance: dg.DagsterInstance, process: str) -> dg.DagsterRun:
    run = instance.create_run_for_job(empty)
    instance.add_run_tags(run.run_id, {PROCESS_TAG: f"{run.run_id} {process}"})
    return run


def started_run(instance: dg.DagsterInstance, process: str) -> dg.DagsterRun:
    run = new_run(instance, process)
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


def test_a_run_killed_before_it_started_is_ended() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        killed = new_run(instance, f"{this_process().split(':')[0]}:{os.getpid()}:1.0")
        about_to_start = new_run(instance, this_process())
        assert killed.status is dg.DagsterRunStatus.NOT_STARTED
        assert end_killed_runs(instance) == [killed.run_id]
        statuses = {run.run_id: run.status for run in instance.get_runs()}
        assert statuses[killed.run_id] is dg.DagsterRunStatus.FAILURE
        assert statuses[about_to_start.run_id] is dg.DagsterRunStatus.NOT_STARTED


def test_a_run_executed_again_is_not_taken_for_the_killed_one_whose_tags_it_has() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        killed = started_run(instance, f"{this_process().split(':')[0]}:{os.getpid()}:1.0")
        again = instance.create_run_for_job(empty, tags=instance.get_runs()[0].tags)
        assert end_killed_runs(instance) == [killed.run_id]
        assert {run.run_id: run.status for run in instance.get_runs()}[
            again.run_id
        ] is dg.DagsterRunStatus.NOT_STARTED
        assert process_tags(again.run_id) == {PROCESS_TAG: f"{again.run_id} {this_process()}"}


def test_the_month_to_close_is_the_one_before() -> None:
    assert last_complete_month(datetime(2026, 1, 1, tzinfo=UTC)) == "2025-12"
    assert last_complete_month(datetime(2026, 3, 31, tzinfo=UTC)) == "2026-02"


def test_partitions_stay_in_order_when_data_turns_out_to_begin_earlier() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for months in (["2026-02", "2026-03"], ["2026-04", "2026-03"], ["2025-12", "2026-01"], ["2026-01"]):
            add_months(instance, months)
        assert instance.get_dynamic_partitions(str(CLOSED_MONTHS.name)) == [
            "2025-12",
            "2026-01",
            "2026-02",
            "2026-03",
            "2026-04",
        ]


def test_a_run_loads_the_sources_of_its_raw_steps() -> None:
    steps = ["raw__platform__users", "raw__middleware__onlines", "warehouse_of_billing"]
    assert sources_loaded(steps) == ("platform", "middleware")


def test_an_as_of_ahead_of_the_clock_is_refused_with_both_instants() -> None:
    clock = datetime(2026, 3, 1, tzinfo=UTC)
    unused = Settings.model_validate({"warehouse_url": "postgresql://nobody@127.0.0.1:1/none"})
    with pytest.raises(AsOfRefused, match=r"2026-03-01T00:05:01Z .* 5 minutes ahead .* 2026-03-01T00:00:00Z"):
        refuse_as_of(unused, (), clock + timedelta(minutes=5, seconds=1), clock)
