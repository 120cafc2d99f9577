"""Verification finds what was done to closed months behind the database's back, and names the row."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest

from exports.reports.seat_evidence.definition import SeatEvidenceParameters
from exports.reports.seat_evidence.run import generate
from exports.result import GeneratedBy
from exports.verification.closed_months import verify_closed_months
from orchestration.connection_url import as_pipeline
from tests.integration.subscriber_reports.conftest import Street


def findings(url: str) -> list[str]:
    with psycopg.connect(as_pipeline(url), autocommit=True) as connection:
        return [
            f"{check}: {finding}" for check, found in verify_closed_months(connection) for finding in found
        ]


@pytest.fixture
def intruder(tampered: str) -> Iterator[psycopg.Connection]:
    """A database superuser who has dropped the triggers."""
    with psycopg.connect(tampered, autocommit=True) as connection:
        for table in ("subscriber_metrics_monthly", "subscriber_metric_evidence", "restatements"):
            connection.execute(f"drop trigger refuse_change on closed.{table}".encode())
        yield connection


@pytest.fixture
def victim(street: Street) -> tuple[int, date]:
    """A closed month with one before it and one after it, and with evidence."""
    closed = street.seen[-1].closed
    return next(
        (subscriber, month)
        for subscriber, month in sorted(closed)
        if month.month in range(2, 12)
        and (subscriber, month.replace(month=month.month - 1)) in closed
        and (subscriber, month.replace(month=month.month + 1)) in closed
        and closed[subscriber, month]["evidence_rows"] > 0
    )


def named(victim: tuple[int, date], months_later: int = 0) -> str:
    subscriber, month = victim
    return f"subscriber {subscriber}, month {month.replace(month=month.month + months_later):%Y-%m}"


def test_an_honest_warehouse_has_nothing_to_find(street: Street) -> None:
    assert findings(street.url) == []


def test_the_pipeline_cannot_change_what_is_closed(street: Street) -> None:
    statements = [
        f"{verb} closed.{table}{rest}"
        for table in ("subscriber_metrics_monthly", "subscriber_metric_evidence", "restatements")
        for verb, rest in (
            ("update", " set subscriber_id = 1"),
            ("delete from", ""),
            ("truncate", " cascade"),
        )
    ]
    for url in (street.url, street.pipeline_url):
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())


def test_an_updated_row_is_named(
    tampered: str, intruder: psycopg.Connection, victim: tuple[int, date]
) -> None:
    intruder.execute(
        "update closed.subscriber_metrics_monthly set enabled_staff = enabled_staff + 1"
        " where (subscriber_id, month) = (%s, %s)",
        victim,
    )
    found = findings(tampered)
    assert f"chain of closed months: {named(victim)}: the row is not what was closed" in found
    assert (
        "guards of closed months: closed.subscriber_metrics_monthly has lost its trigger refuse_change"
        in found
    )
    assert all(named(victim) in line for line in found if not line.startswith("guards"))


def test_an_updated_row_with_its_own_hash_made_to_fit_is_found_by_the_next(
    tampered: str, intruder: psycopg.Connection, victim: tuple[int, date]
) -> None:
    intruder.execute(
        "update closed.subscriber_metrics_monthly set logon_minutes = logon_minutes + 1"
        " where (subscriber_id, month) = (%s, %s)",
        victim,
    )
    intruder.execute(
        "update closed.subscriber_metrics_monthly as m"
        " set row_hash = closed.link(m.previous_hash, closed.subscriber_metrics_text(m.*))"
        " where (subscriber_id, month) = (%s, %s)",
        victim,
    )
    assert (
        f"chain of closed months: {named(victim, 1)}:"
        " it does not follow from the month before it, which was changed or is gone"
    ) in findings(tampered)


def test_a_removed_row_is_found_by_its_evidence_and_by_the_next(
    tampered: str, intruder: psycopg.Connection, victim: tuple[int, date]
) -> None:
    intruder.execute("delete from closed.restatements where (subscriber_id, month) = (%s, %s)", victim)
    intruder.execute(
        "delete from closed.subscriber_metrics_monthly where (subscriber_id, month) = (%s, %s)", victim
    )
    found = findings(tampered)
    assert (
        f"chain of closed months: {named(victim)}: its closed row is gone, the evidence is still there"
        in found
    )
    assert f"chain of closed months: {named(victim, 1)}: the month before it is gone" in found


def test_changed_evidence_is_named_by_its_month(
    tampered: str, intruder: psycopg.Connection, victim: tuple[int, date]
) -> None:
    intruder.execute(
        "update closed.subscriber_metric_evidence set user_name = 'somebody else'"
        " where (subscriber_id, month) = (%s, %s)",
        victim,
    )
    assert f"chain of closed months: {named(victim)}: its evidence is not what was closed" in findings(
        tampered
    )


def test_a_removed_restatement_leaves_a_gap_in_the_ledger(
    street: Street, tampered: str, intruder: psycopg.Connection
) -> None:
    gone = next(row for row in street.seen[-1].restatements if row["metric"] == "logon_minutes")
    key = (gone["subscriber_id"], gone["month"], gone["metric"])
    intruder.execute(
        "delete from closed.restatements where (subscriber_id, month, metric) = (%s, %s, %s)", key
    )
    where = f"subscriber {gone['subscriber_id']}, month {gone['month']:%Y-%m}: logon_minutes was closed as"
    assert any(line.startswith(f"restatement ledger: {where}") for line in findings(tampered))


def test_a_chain_forged_from_end_to_end_contradicts_the_pack_that_was_sent(
    tampered: str, intruder: psycopg.Connection, victim: tuple[int, date]
) -> None:
    subscriber, month = victim
    with psycopg.connect(as_pipeline(tampered), autocommit=True) as connection:
        pack = generate(
            connection,
            SeatEvidenceParameters(subscriber_id=subscriber, month=month),
            GeneratedBy("clerk", "administrator"),
            datetime(2026, 12, 2, tzinfo=UTC),
        )
    intruder.execute("delete from closed.restatements where subscriber_id = %s", (subscriber,))
    intruder.execute("delete from closed.subscriber_metric_evidence where subscriber_id = %s", (subscriber,))
    intruder.execute("delete from closed.subscriber_metrics_monthly where subscriber_id = %s", (subscriber,))
    found = findings(tampered)
    assert any(
        line.startswith(f"evidence packs: {named(victim)}: the evidence pack {pack.result_id} shows hash")
        for line in found
    )


def test_hashes_are_not_taken_from_functions_an_intruder_may_have_replaced(
    tampered: str, intruder: psycopg.Connection, victim: tuple[int, date]
) -> None:
    intruder.execute(
        "create or replace function closed.link(previous_hash text, row_text text) returns text"
        " language sql immutable return '0'"
    )
    intruder.execute(
        "update closed.subscriber_metrics_monthly set super_users = 99, row_hash = '0'"
        " where (subscriber_id, month) = (%s, %s)",
        victim,
    )
    assert f"chain of closed months: {named(victim)}: the row is not what was closed" in findings(tampered)
