"""Subscriber-months are recomputed from raw rows alone, and what differs from them is named."""

from datetime import datetime, timedelta

import psycopg
import pytest

from exports.verification.comparison import Comparison
from exports.verification.recomputation import subscriber_months
from exports.verification.recomputation.subscriber_facts import Choices
from exports.verification.recomputation.subscriber_months import recompute_subscriber_months
from orchestration.connection_url import as_pipeline
from tests.integration.subscriber_reports.conftest import LATER, Pipeline
from tests.support.forged_restatement import forge_restatement

THROUGH = LATER[-1]


def recomputed(url: str, as_of: datetime | None = None) -> Comparison:
    with psycopg.connect(as_pipeline(url), autocommit=True) as connection:
        return recompute_subscriber_months(connection, as_of, Choices())


def message(comparison: Comparison) -> list[str]:
    return [str(finding) for finding in comparison.findings]


def as_superuser(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_every_month_live_or_closed_follows_from_raw(pipeline: Pipeline) -> None:
    comparison = recomputed(pipeline.url)
    assert message(comparison) == []
    assert comparison.checked == len(pipeline.seen[-1].marts) > 900


def test_a_broken_intermediate_is_named_with_both_values(tampered: str) -> None:
    as_superuser(
        tampered,
        "update intermediate.int_subscriber_metrics set logon_minutes = logon_minutes + 7"
        " where month = '2026-12-01' and subscriber_id = (select min(subscriber_id) from"
        " marts.subscriber_metrics where month = '2026-12-01' and not is_closed)",
    )
    (finding,) = message(recomputed(tampered))
    key, value, reason = finding.split(": ", 2)
    assert key.startswith("subscriber ") and key.endswith(", month 2026-12")
    metric, shown = value.split()
    assert metric == "logon_minutes"
    assert reason == f"recomputed from raw: {int(shown) - 7}"


def test_months_that_do_not_follow_from_raw_and_months_that_are_missing_are_named(tampered: str) -> None:
    as_superuser(
        tampered,
        "delete from intermediate.int_subscriber_metrics where (subscriber_id, month) = (select"
        " subscriber_id, month from marts.subscriber_metrics where not is_closed order by 1, 2 limit 1)",
        "update raw_platform.subscribers set _deleted_at = now() where id = (select subscriber_id"
        " from marts.subscriber_metrics where not is_closed order by 1 desc limit 1)",
    )
    reasons = {finding.reason for finding in recomputed(tampered).findings}
    assert "follows from raw and is not among the subscriber metrics" in reasons
    assert "no such month follows from raw" in reasons


def test_a_restatement_that_raw_does_not_bear_out_is_named(tampered: str) -> None:
    with psycopg.connect(as_pipeline(tampered), autocommit=True) as connection:
        subscriber, month, value, _ = forge_restatement(connection, THROUGH, subscriber_id=1)
    assert message(recomputed(tampered)) == [
        f"subscriber {subscriber}, month {month}: super_users closed as {value}, restated by 3"
        f" to {value + 3}: recomputed from raw: {value}"
    ]


def test_a_night_takes_a_part_and_all_nights_together_take_each_month_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber_months, "NIGHTLY_BOUND", 300)
    nights = [recomputed(pipeline.url, THROUGH + timedelta(days=night)) for night in range(4)]
    assert {comparison.nights for comparison in nights} == {4}
    assert sum(comparison.checked for comparison in nights) == len(pipeline.seen[-1].marts)
    assert all(150 < comparison.checked < 350 for comparison in nights)
    assert all(message(comparison) == [] for comparison in nights)


def test_marts_behind_what_was_extracted_are_reported_instead_of_compared(tampered: str) -> None:
    as_superuser(
        tampered,
        "update raw_platform.logons set _load_id = 1000 where id = (select min(id) from raw_platform.logons)",
    )
    comparison = recomputed(tampered)
    assert comparison.checked == 0
    assert (
        "platform.logons: load 1000: extracted, and int_logons_split_by_month has read up to"
        in message(comparison)[0]
    )
