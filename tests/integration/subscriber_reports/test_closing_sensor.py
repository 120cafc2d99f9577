"""The sensor starts the closing when a month may be closed, and at no other time."""

from datetime import timedelta

import dagster as dg
import psycopg
import pytest

from orchestration.partitions import CLOSED, CLOSED_MONTHS, read_months, why_not_closed
from orchestration.sensors import build_closed_months_sensor, build_closing_sensor
from orchestration.settings import Settings
from tests.integration.subscriber_reports.conftest import Pipeline

GRACE = timedelta(hours=24)


def closing_sensor(url: str) -> dg.SensorDefinition:
    job = dg.define_asset_job("monthly_close", partitions_def=CLOSED_MONTHS)
    return build_closing_sensor(Settings.model_validate({"warehouse_url": url}), job, running=False)


def evaluate(url: str) -> dg.RunRequest | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = closing_sensor(url)(dg.build_sensor_context(instance=instance))
    assert isinstance(outcome, dg.RunRequest | dg.SkipReason)
    return outcome


def test_nothing_is_started_when_every_month_that_may_be_closed_is(pipeline: Pipeline) -> None:
    outcome = evaluate(pipeline.url)
    assert isinstance(outcome, dg.SkipReason)
    assert outcome.skip_message == "no month may be closed"


def test_a_month_that_may_be_closed_is_asked_for_by_its_partition(tampered: str) -> None:
    with psycopg.connect(tampered) as connection:
        connection.execute("drop trigger refuse_change on closed.subscriber_metrics_monthly")
        connection.execute("drop trigger refuse_change on closed.restatements")
        connection.execute("delete from closed.restatements where month = '2026-11-01'")
        gone = connection.execute(
            "delete from closed.subscriber_metrics_monthly where month = '2026-11-01' returning subscriber_id"
        ).fetchall()
    assert gone
    outcome = evaluate(tampered)
    assert isinstance(outcome, dg.RunRequest)
    assert outcome.partition_key == "2026-11"
    again = evaluate(tampered)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == outcome.run_key


def test_a_warehouse_that_is_not_built_yet_is_left_alone(fresh_database: str) -> None:
    assert isinstance(evaluate(fresh_database), dg.SkipReason)


@pytest.mark.parametrize("running", [True, False])
def test_the_sensor_is_on_from_the_start_where_the_databases_are_ones_own(running: bool) -> None:
    job = dg.define_asset_job("monthly_close", partitions_def=CLOSED_MONTHS)
    settings = Settings.model_validate({"warehouse_url": "postgresql://nobody@127.0.0.1/none"})
    sensor = build_closing_sensor(settings, job, running=running)
    assert (sensor.default_status == dg.DefaultSensorStatus.RUNNING) == running


def show_closed_months(url: str, instance: dg.DagsterInstance) -> list[str]:
    """What the sensor tells a Dagster home of the warehouse's closed months, and tells it."""
    sensor = build_closed_months_sensor(Settings.model_validate({"warehouse_url": url}))
    outcome = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(outcome, dg.SensorResult)
    for event in outcome.asset_events:
        assert isinstance(event, dg.AssetMaterialization)
        instance.report_runless_asset_event(event)
    return [str(event.partition) for event in outcome.asset_events]


def test_a_home_that_closed_nothing_shows_what_is_closed_and_nothing_else(pipeline: Pipeline) -> None:
    closed = {f"{month:%Y-%m}" for _, month in pipeline.seen[-1].closed}
    with dg.DagsterInstance.ephemeral() as instance:
        shown = show_closed_months(pipeline.url, instance)
        partitions = instance.get_dynamic_partitions(str(CLOSED_MONTHS.name))
        # November is over in every zone, and may be closed in some: it is no closed month yet
        assert partitions[-1] == "2026-11"
        assert "2026-11" in closed
        assert set(shown) == closed - {"2026-11"} == set(partitions[:-1])
        assert partitions == sorted(partitions)
        assert instance.get_materialized_partitions(CLOSED) == set(shown)
        assert show_closed_months(pipeline.url, instance) == []


def test_a_month_that_is_not_closed_says_why(pipeline: Pipeline) -> None:
    months = read_months(Settings.model_validate({"warehouse_url": pipeline.url}))
    assert "the platform's data begins with" in why_not_closed("2001-03", months, GRACE)
    assert "data through is 2026-12-02T04:30:00Z, before its end" in why_not_closed("2026-12", months, GRACE)
    assert "subscribers: it may be once data through" in why_not_closed("2026-11", months, GRACE)
    assert "no month that is over" in why_not_closed("2026-11", (), GRACE)


def test_a_warehouse_that_is_not_built_has_no_months(fresh_database: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert show_closed_months(fresh_database, instance) == []
        assert instance.get_dynamic_partitions(str(CLOSED_MONTHS.name)) == []
