"""The sensor starts the closing when a month may be closed, and at no other time."""

from datetime import date

import dagster as dg
import psycopg
import pytest

from orchestration.closing_sensor import build_closing_sensor
from orchestration.partitions import CLOSED_MONTHS
from orchestration.settings import Settings
from tests.integration.subscriber_reports.conftest import Street


def closing_sensor(url: str) -> dg.SensorDefinition:
    job = dg.define_asset_job("monthly_close", partitions_def=CLOSED_MONTHS)
    return build_closing_sensor(Settings.model_validate({"warehouse_url": url}), job, running=False)


def evaluate(url: str) -> dg.RunRequest | dg.SkipReason:
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = closing_sensor(url)(dg.build_sensor_context(instance=instance))
    assert isinstance(outcome, dg.RunRequest | dg.SkipReason)
    return outcome


def test_nothing_is_started_when_every_month_that_may_be_closed_is(street: Street) -> None:
    outcome = evaluate(street.url)
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
    assert outcome.partition_key == date(2026, 11, 1).isoformat()
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
