"""Verification finds what was done to closed months behind the database's back, and names the row."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from exports.reports.subscriber_metrics.evidence import generate
from exports.reports.subscriber_metrics.parameters import SeatEvidenceParameters
from exports.result import GeneratedBy
from exports.verification.anchors import AnchorsError, compare_with_anchors, read_anchors, write_anchor
from exports.verification.closed_months import CHECKS, run_check, verify_guards
from orchestration.connection_url import as_pipeline
from orchestration.migrate import read_migrations
from tests.integration.subscriber_reports.conftest import LATER, Pipeline
from tests.support.forged_restatement import forge_restatement

THROUGH = LATER[-1]
KILLED = THROUGH + timedelta(hours=1)


def findings(url: str) -> list[str]:
    migrations = [migration.text for migration in read_migrations()]
    with psycopg.connect(as_pipeline(url), autocommit=True) as connection:
        done = [verify_guards(connection, migrations), *(run_check(connection, check) for check in CHECKS)]
    return [f"{comparison.name}: {finding}" for comparison in done for finding in comparison.findings]


def anchor(url: str, path: Path, as_of: datetime, run_id: str = "a run") -> None:
    with psycopg.connect(as_pipeline(url), autocommit=True) as connection:
        write_anchor(connection, path, run_id, as_of, lambda noticed_at: noticed_at == KILLED)


def against_anchors(url: str, path: Path, *others: Path) -> list[str]:
    with psycopg.connect(as_pipeline(url), autocommit=True) as connection:
        return [str(finding) for finding in compare_with_anchors(connection, path, others).findings]


@pytest.fixture
def intruder(tampered: str) -> Iterator[psycopg.Connection]:
    """A database superuser who has dropped the triggers."""
    with psycopg.connect(tampered, autocommit=True) as connection:
        for table in ("subscriber_metrics_monthly", "subscriber_metric_evidence", "restatements"):
            connection.execute(f"drop trigger refuse_change on closed.{table}".encode())
        yield connection


@pytest.fixture
def victim(pipeline: Pipeline) -> tuple[int, date]:
    """A closed month with one before it and one after it, and with evidence."""
    closed = pipeline.seen[-1].closed
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


def test_an_honest_warehouse_has_nothing_to_find(pipeline: Pipeline) -> None:
    assert findings(pipeline.url) == []


def test_the_pipeline_cannot_change_what_is_closed(pipeline: Pipeline) -> None:
    statements = [
        f"{verb} closed.{table}{rest}"
        for table in ("subscriber_metrics_monthly", "subscriber_metric_evidence", "restatements")
        for verb, rest in (
            ("update", " set subscriber_id = 1"),
            ("delete from", ""),
            ("truncate", " cascade"),
        )
    ]
    for url in (pipeline.url, pipeline.pipeline_url):
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
        "guards of closed months: closed.subscriber_metrics_monthly: trigger refuse_change: was dropped"
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
    pipeline: Pipeline, tampered: str, intruder: psycopg.Connection
) -> None:
    gone = next(row for row in pipeline.seen[-1].restatements if row["metric"] == "logon_minutes")
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


def test_whatever_was_done_to_the_guards_is_named(tampered: str) -> None:
    with psycopg.connect(tampered, autocommit=True) as superuser:
        for statement in (
            "create or replace function closed.refuse_change() returns trigger language plpgsql"
            " as $$ begin return null; end $$",
            "create or replace function closed.link(previous_hash text, row_text text) returns text"
            " language sql immutable parallel safe return '0'",
            "create function closed.let_through() returns trigger language plpgsql"
            " as $$ begin return new; end $$",
            "alter table closed.restatements disable trigger refuse_false_restatement",
            "create trigger let_through before insert on closed.restatements"
            " for each row execute function closed.let_through()",
            "grant update on closed.restatements to subdyn_pipeline",
            "grant select on closed.subscriber_metrics_monthly to public",
            "revoke select on closed.subscriber_metric_evidence from bi_reader",
            "grant create on schema closed to subdyn_pipeline",
            "alter table closed.subscriber_metric_evidence owner to postgres",
            "create rule swallow as on insert to closed.restatements do instead nothing",
        ):
            superuser.execute(statement.encode())
    found = [line.removeprefix("guards of closed months: ") for line in findings(tampered)]
    assert set(found) >= {
        "function closed.refuse_change: its definition: is not what the migrations make",
        "function closed.link: its definition: is not what the migrations make",
        "function closed.let_through: is made by no migration",
        "function closed.let_through: owner postgres: belongs to subdyn_owner",
        "closed.restatements: trigger refuse_false_restatement: is not always on",
        "closed.restatements: trigger let_through: is made by no migration",
        "closed.restatements: UPDATE to subdyn_pipeline: is granted by no migration",
        "closed.restatements: rule swallow: is made by no migration",
        "closed.subscriber_metrics_monthly: SELECT to public: is granted by no migration",
        "closed.subscriber_metric_evidence: SELECT to bi_reader: was revoked",
        "closed.subscriber_metric_evidence: owner postgres: belongs to subdyn_owner",
        "schema closed: CREATE to subdyn_pipeline: is granted by no migration",
    }


def test_a_pipeline_that_became_a_member_of_the_owner_is_named(tampered: str) -> None:
    with psycopg.connect(tampered, autocommit=True) as superuser:
        superuser.execute("grant subdyn_owner to subdyn_pipeline")
        try:
            found = findings(tampered)
        finally:
            superuser.execute("revoke subdyn_owner from subdyn_pipeline")
    assert (
        "guards of closed months: role subdyn_pipeline: member of subdyn_owner:"
        " may do whatever the owner of the closed tables may" in found
    )


def test_the_end_of_a_chain_and_a_whole_chain_that_are_gone_are_found_by_the_anchors(
    tampered: str, intruder: psycopg.Connection, tmp_path: Path
) -> None:
    path, copy = tmp_path / "closed_anchors.jsonl", tmp_path / "elsewhere.jsonl"
    assert any(
        "holds no anchor of this warehouse, which has" in line for line in against_anchors(tampered, path)
    )
    anchor(tampered, path, THROUGH)
    anchor(tampered, path, KILLED)  # nothing moved: nothing to say
    assert against_anchors(tampered, path) == []
    assert path.stat().st_mode & 0o777 == 0o600
    (written,) = read_anchors(path)
    copy.write_bytes(path.read_bytes())

    ends = intruder.execute(
        "select subscriber_id, max(month), count(*) from closed.subscriber_metrics_monthly"
        " group by 1 having count(*) > 2 order by 1 limit 2"
    ).fetchall()
    (short, last, months), (whole, last_of_whole, months_of_whole) = ends
    assert written.months > months + months_of_whole
    gone_rows = "where (subscriber_id, month) = (%s, %s) or subscriber_id = %s"
    for table in ("restatements", "subscriber_metric_evidence", "subscriber_metrics_monthly"):
        intruder.execute(f"delete from closed.{table} {gone_rows}".encode(), (short, last, whole))
    assert not any("chain of closed months" in line for line in findings(tampered))
    gone = [
        f"subscriber {short}, month {last:%Y-%m}: {months} months anchored as of 2026-12-02T04:30:00Z:"
        f" {months - 1} of them are there",
        f"subscriber {whole}, month {last_of_whole:%Y-%m}: {months_of_whole} months anchored as of"
        " 2026-12-02T04:30:00Z: 0 of them are there",
    ]
    assert [line for line in against_anchors(tampered, path) if line.startswith("subscriber")] == gone
    path.unlink()
    assert [line for line in against_anchors(tampered, path, copy) if line.startswith("subscriber")] == gone


def test_a_line_of_anchors_that_a_crash_cut_short_never_was_and_a_changed_one_is_reported(
    tampered: str, tmp_path: Path
) -> None:
    path = tmp_path / "closed_anchors.jsonl"
    anchor(tampered, path, THROUGH)
    whole = path.read_text()
    path.write_text(whole + '{"warehouse": "cut')
    with psycopg.connect(as_pipeline(tampered), autocommit=True) as connection:
        forge_restatement(connection, KILLED)
    anchor(tampered, path, THROUGH + timedelta(hours=2))
    assert [line["run_id"] for line in map(json.loads, path.read_text().splitlines())] == ["a run", "a run"]
    path.write_text("no anchor\n" + whole)
    with pytest.raises(AnchorsError, match="line 1 is no anchor"):
        against_anchors(tampered, path)


def test_a_restatement_that_no_run_wrote_is_found_for_ever_even_if_it_links(
    tampered: str, tmp_path: Path
) -> None:
    """Killed runs leave rows without an anchor, too: they are told apart by their as-of."""
    path = tmp_path / "closed_anchors.jsonl"
    anchor(tampered, path, THROUGH)
    with psycopg.connect(as_pipeline(tampered), autocommit=True) as connection:
        forge_restatement(connection, KILLED)
        subscriber, month, _, place = forge_restatement(connection, THROUGH)
        # as the next run would: it takes back what it finds
        forge_restatement(connection, KILLED + timedelta(hours=1), added=-6)
    message = f"subscriber {subscriber}, month {month}: super_users, restatement at place {place:,}"
    assert f"{message}: was written after the last anchor, by no run that ended: run: subdyn run hourly" in (
        against_anchors(tampered, path)
    )
    anchor(tampered, path, KILLED + timedelta(hours=1))
    assert findings(tampered) == []
    assert against_anchors(tampered, path) == [f"{message}: was written by no run of this home"]
    anchor(tampered, path, KILLED + timedelta(days=1))
    assert against_anchors(tampered, path) == [f"{message}: was written by no run of this home"]


def test_the_database_refuses_a_restatement_that_does_not_follow_from_the_ledger(tampered: str) -> None:
    with psycopg.connect(as_pipeline(tampered), autocommit=True) as connection:
        for changed, reason in {
            "position = null, row_hash = null": "it has no place in the chain",
            "position = position + 1": "there is no row before it",
            "previous_hash = 'another'": "it does not link to the row before it",
            "row_hash = 'another'": "its hash is not the hash of its values",
            "metric = 'seats'": "there is no such metric",
            "closed_value = '99'": "its closed value is not that of the closed month",
            "previous_value = '98'": "its previous value is not the one that was known",
            "difference = 97": "its difference is not that of its values",
            "restatement = restatement + 1": "the restatement before it is missing",
        }.items():
            with (
                pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=reason),
                connection.transaction(),
            ):
                connection.execute("create temporary table forged (like closed.restatements) on commit drop")
                forge_restatement(connection, THROUGH, table="forged")
                connection.execute(f"update forged set {changed}".encode())
                if "hash = 'another'" not in changed or "previous" in changed:
                    connection.execute(
                        "update forged as f set row_hash = closed.link(f.previous_hash,"
                        " closed.restatement_text(row(f.*)::closed.restatements)) where row_hash is not null"
                    )
                connection.execute("insert into closed.restatements select * from forged")
    assert findings(tampered) == []


def test_a_changed_or_removed_restatement_is_named(tampered: str, intruder: psycopg.Connection) -> None:
    first, second = intruder.execute(
        "select position, subscriber_id, month, metric, restatement from closed.restatements"
        " where position in (2, 5) order by position"
    ).fetchall()
    intruder.execute("update closed.restatements set cause = 'logons, users' where position = 2")
    intruder.execute("delete from closed.restatements where position = 4")
    found = findings(tampered)
    start = "chain of restatements: subscriber"
    assert (
        f"{start} {first[1]}, month {first[2]:%Y-%m}: {first[3]}, restatement {first[4]} (2):"
        " the row is not what was written" in found
    )
    assert (
        f"{start} {second[1]}, month {second[2]:%Y-%m}: {second[3]}, restatement {second[4]} (5):"
        " the row before it is gone" in found
    )
