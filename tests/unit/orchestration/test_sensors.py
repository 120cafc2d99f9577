from email import message_from_bytes
from pathlib import Path

import dagster as dg
import pytest

from orchestration.failures import failures_of
from orchestration.runs import AsOfRefused
from orchestration.sensors import build_sensors
from orchestration.settings import Settings
from orchestration.source_availability import REPORTED_BY, SOURCE


@dg.op
def unreachable() -> None:
    raise dg.Failure("billing.users: the billing database cannot be reached", allow_retries=False)


@dg.job
def nightly() -> None:
    unreachable()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"home": tmp_path, "mail_from": "installation@operator.example"})


@dg.resource
def refusing() -> None:
    raise AsOfRefused("as-of 2026-01-01T00:00:00Z lies before 2026-02-01T00:00:00Z")


@dg.op(required_resource_keys={"settings"})
def never_begun() -> None:
    raise AssertionError("a refused run has no step")


@dg.job(resource_defs={"settings": refusing})
def hourly() -> None:
    never_begun()


def evaluate(settings: Settings, tags: dict[str, str], job: dg.JobDefinition = nightly) -> object:
    sensor = next(found for found in build_sensors(settings) if found.name == "failed_run_mail")
    assert isinstance(sensor, dg.RunStatusSensorDefinition)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        context = dg.build_run_status_sensor_context(
            "failed_run_mail", result.get_run_failure_event(), instance, result.dagster_run
        )
        return sensor(context.for_run_failure())


def test_a_failed_run_is_told_with_its_step_and_reason(settings: Settings) -> None:
    evaluate(settings, {})
    (file,) = settings.outbox_folder.iterdir()
    letter = message_from_bytes(file.read_bytes())
    assert letter["To"] == "installation@operator.example"
    assert letter["Subject"] == "nightly failed"
    assert "unreachable: billing.users: the billing database cannot be reached" in str(letter.get_payload())


def test_a_run_that_was_refused_is_told_with_both_instants(settings: Settings) -> None:
    evaluate(settings, {}, hourly)
    (file,) = settings.outbox_folder.iterdir()
    letter = message_from_bytes(file.read_bytes())
    assert letter["Subject"] == "hourly failed"
    assert "- as-of 2026-01-01T00:00:00Z lies before 2026-02-01T00:00:00Z" in str(letter.get_payload())


@dg.op
def companies() -> None:
    raise dg.Failure("billing: the login is refused", metadata={SOURCE: "billing"}, allow_retries=False)


@dg.op
def users() -> None:
    reported_by = {SOURCE: "billing", REPORTED_BY: "raw/billing/companies"}
    raise dg.Failure("see raw/billing/companies", metadata=reported_by, allow_retries=False)


@dg.op
def members() -> None:
    raise dg.Failure("platform: a table is missing", allow_retries=False)


@dg.job
def with_a_source_that_is_down() -> None:
    companies()
    users()
    members()


def test_a_source_that_is_down_is_told_once() -> None:
    result = with_a_source_that_is_down.execute_in_process(raise_on_error=False)
    assert sorted(failures_of(result.all_events)) == [
        "companies: billing: the login is refused (1 more of its tables were not loaded)",
        "members: platform: a table is missing",
    ]


def test_an_attempt_that_will_be_retried_is_not_told(settings: Settings) -> None:
    evaluate(settings, {"dagster/will_retry": "true"})
    assert not settings.outbox_folder.exists()
