import dagster as dg
import pytest

from extract.errors import NeverRetry, RetryLater, Unreachable
from orchestration.failures import REPORTED_BY, SOURCE
from orchestration.source_availability import SourceAvailability


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.failures.RETRIES", dg.RetryPolicy(max_retries=3, delay=0))


class Source:
    """Connects as it is told to, and counts how often it was asked."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.asked = 0

    def connect(self) -> None:
        self.asked += 1
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome is not None:
            raise outcome


def failures(
    availability: SourceAvailability, source: Source, *tables: str, run: str = "run"
) -> list[dg.Failure]:
    message = []
    for table in tables:
        try:
            availability.require(run, "billing", table, source.connect)
        except dg.Failure as failure:
            message.append(failure)
    return message


def test_a_source_that_answers_is_asked_once_a_run() -> None:
    availability, source = SourceAvailability(), Source(None)
    assert failures(availability, source, "raw/billing/a", "raw/billing/b") == []
    assert source.asked == 1
    assert failures(availability, source, "raw/billing/a", run="another") == []
    assert source.asked == 2


@pytest.mark.parametrize("error", [NeverRetry("the login is refused"), Unreachable("nobody is there")])
def test_what_waiting_does_not_mend_is_tried_once_and_told_once(error: Exception) -> None:
    availability, source = SourceAvailability(), Source(error)
    message = failures(availability, source, "raw/billing/a", "raw/billing/b", "raw/billing/c")
    assert source.asked == 1
    assert [failure.description for failure in message] == [
        str(error),
        "the billing database cannot be loaded, see raw/billing/a",
        "the billing database cannot be loaded, see raw/billing/a",
    ]
    assert all(failure.metadata[SOURCE].value == "billing" for failure in message)
    assert [REPORTED_BY in failure.metadata for failure in message] == [False, True, True]
    assert not any(failure.allow_retries for failure in message)


def test_a_source_that_does_not_answer_is_given_time_once_for_all_its_tables() -> None:
    availability, source = SourceAvailability(), Source(RetryLater("no answer"))
    message: list[str] = []
    with pytest.raises(dg.Failure, match="no answer"):
        availability.require("run", "billing", "raw/billing/a", source.connect, message.append)
    assert message == ["no answer; tried again in 0 s"] * 3
    assert len(failures(availability, source, "raw/billing/b")) == 1
    assert source.asked == 4
    back = Source(RetryLater("starting up"), None)
    assert failures(availability, back, "raw/billing/a", run="another") == []


def test_a_source_that_answered_and_is_gone_is_given_time_to_come_back() -> None:
    availability = SourceAvailability()
    source = Source(None, Unreachable("gone"), Unreachable("gone"), None)
    assert failures(availability, source, "raw/billing/a") == []
    availability.doubt("run", "billing")
    assert failures(availability, source, "raw/billing/b") == []
    assert source.asked == 4


def test_one_source_does_not_speak_for_another() -> None:
    availability = SourceAvailability()
    assert failures(availability, Source(NeverRetry("no")), "raw/billing/a")
    availability.require("run", "platform", "raw/platform/users", Source(None).connect)
