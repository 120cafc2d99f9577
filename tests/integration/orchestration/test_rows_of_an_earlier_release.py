"""Months and restatements of an earlier release still verify, and the next ones link to them."""

from datetime import UTC, datetime
from importlib.resources import files

import psycopg
import pytest

from exports.verification.closed_months import CHECKS, run_check
from orchestration import migrate as migrating
from orchestration.connection_url import as_pipeline
from orchestration.migrate import migrate, read_migrations
from tests.support.forged_restatement import forge_restatement

NOW = datetime(2026, 4, 1, tzinfo=UTC)
CLOSED = """
insert into closed.subscriber_metrics_monthly
select (made).*
from (
    select jsonb_populate_record(
        null::closed.subscriber_metrics_monthly,
        to_jsonb(r) || jsonb_build_object('row_hash', closed.link(null, closed.subscriber_metrics_text(r)))
    ) as made
    from jsonb_populate_record(null::closed.subscriber_metrics_monthly, '{
        "subscriber_id": 1, "month": "2026-01-01", "subscriber_name": "Acme", "time_zone": "UTC",
        "month_start_at": "2026-01-01T00:00Z", "month_end_at": "2026-02-01T00:00Z", "super_users": 2,
        "enabled_staff": 0, "active_staff": 0, "enabled_managers": 0, "active_managers": 0, "enabled_reps": 0,
        "active_reps": 0, "concurrent_max": 0, "logon_minutes": 0, "commission_items": 0, "process_fields": 0,
        "input_loads": {}, "evidence_rows": 0, "evidence_hash": "", "data_through_at": "2026-02-02T00:00Z",
        "closed_at": "2026-02-02T00:00Z", "closed_late": false, "definition_version": 1, "row_hash": ""
    }') as r
) as one
"""
RESTATED = """
insert into closed.restatements
values
(1, '2026-01-01', 'super_users', 1, '2', '2', '5', 3, 'users', 7, '2026-03-01Z', 1),
(1, '2026-01-01', 'super_users', 2, '2', '5', '4', -1, 'users', 9, '2026-03-02Z', 1)
"""


def faults(url: str) -> list[str]:
    check = next(check for check in CHECKS if check.statement == "ledger_chain")
    with psycopg.connect(as_pipeline(url), autocommit=True) as connection:
        return [str(finding) for finding in run_check(connection, check).findings]


def test_restatements_of_an_earlier_release_start_the_chain(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = migrating.read_migrations()
    with monkeypatch.context() as earlier:
        earlier.setattr(migrating, "read_migrations", lambda: everything[:3])
        migrating.migrate(fresh_database)
    with psycopg.connect(as_pipeline(fresh_database), autocommit=True) as connection:
        connection.execute(CLOSED.encode())
        connection.execute(RESTATED.encode())
        kept = connection.execute(
            "select restatement, value_now, xmin::text from closed.restatements"
        ).fetchall()
    migrating.migrate(fresh_database)

    with psycopg.connect(as_pipeline(fresh_database), autocommit=True) as connection:
        assert (
            kept
            == connection.execute(
                "select restatement, value_now, xmin::text from closed.restatements where position is null"
            ).fetchall()
        )
        assert forge_restatement(connection, NOW)[3] == 1
        assert forge_restatement(connection, NOW, added=-3)[3] == 2
    assert faults(fresh_database) == []

    with psycopg.connect(fresh_database, autocommit=True) as superuser:
        superuser.execute("alter table closed.restatements disable trigger refuse_change")
        superuser.execute("update closed.restatements set cause = 'logons' where restatement = 2")
    assert faults(fresh_database) == [
        "subscriber 1, month 2026-01: super_users, restatement 3 (1):"
        " the rows of the release before the chain are not what they were"
    ]


# The last migration that the release had which kept the as_of in closed_at and did not note the grace.
LAST_OF_THE_RELEASE = 3
CLOSE_JANUARY = """
    create temporary table written as select * from closed.subscriber_metrics_monthly;
    insert into written values (
        1, '2024-01-01', 'Acme', 'UTC', '2024-01-01 00:00Z', '2024-02-01 00:00Z', 1, 2, 1, 0, 0, 3, 0, 0,
        null, 90, 99.5, 7, 0, null, 4, '{"logons": 5}', 0, encode(sha256(''), 'hex'), '2024-02-03 00:00Z',
        '2024-02-03 00:05Z', false, 1, null, null
    );
    update written as w
    set row_hash = closed.link(
        null, closed.subscriber_metrics_text(row(w.*)::closed.subscriber_metrics_monthly)
    );
    insert into closed.subscriber_metrics_monthly select * from written;
"""
FEBRUARY = """
    create temporary table written as
    select (jsonb_populate_record(
        january, '{
            "month": "2024-02-01", "month_start_at": "2024-02-01 00:00Z", "month_end_at": "2024-03-01 00:00Z",
            "data_through_at": "2024-03-02 00:00Z"
        }'
    )).*
    from closed.subscriber_metrics_monthly as january;
    update written set previous_hash = row_hash, closed_at = closed.moment_of_writing();
"""
NOTE_THE_GRACE = "update written set closed_as_of = '2024-03-02 00:05Z', closing_grace_hours = 24"
WRITE = """
    update written as w
    set row_hash = closed.link(
        w.previous_hash, closed.subscriber_metrics_text(row(w.*)::closed.subscriber_metrics_monthly)
    );
    insert into closed.subscriber_metrics_monthly select * from written;
"""


@pytest.fixture
def upgraded(fresh_database: str) -> str:
    """A warehouse in which the earlier release closed January, migrated to this one; the pipeline's URL."""
    with psycopg.connect(fresh_database) as connection:
        for migration in read_migrations()[:LAST_OF_THE_RELEASE]:
            if migration.number > 1:
                connection.execute("set local role subdyn_owner")
            connection.execute(migration.text.encode())
            connection.execute("reset role")
            connection.execute(
                "insert into app.migrations (number, name, sha256) values (%s, %s, %s)",
                (migration.number, migration.name, migration.sha256),
            )
    with psycopg.connect(as_pipeline(fresh_database)) as connection:
        connection.execute(CLOSE_JANUARY)
    assert migrate(fresh_database) == tuple(each.name for each in read_migrations()[LAST_OF_THE_RELEASE:])
    return as_pipeline(fresh_database)


def _faults(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """What the database and `subdyn verify` find wrong with the chain."""
    own = connection.execute("select * from closed.subscriber_metrics_broken_links()").fetchall()
    statement = files("exports.verification").joinpath("chain.sql").read_bytes()
    return own + connection.execute(statement).fetchall()


def test_closed_months_of_the_release_before_verify_and_are_followed(upgraded: str) -> None:
    with psycopg.connect(upgraded, autocommit=True) as connection:
        assert _faults(connection) == []
        with connection.transaction():
            connection.execute(FEBRUARY)
            connection.execute(NOTE_THE_GRACE)
            connection.execute(WRITE)
        assert _faults(connection) == []
        found = connection.execute(
            "select closed_as_of is null, closing_grace_hours"
            " from closed.subscriber_metrics_monthly order by month"
        ).fetchall()
    assert found == [(True, None), (False, 24)]


def test_a_row_as_the_release_before_wrote_it_is_refused_now(upgraded: str) -> None:
    with (
        psycopg.connect(upgraded, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(FEBRUARY)
        with pytest.raises(
            psycopg.errors.IntegrityConstraintViolation, match="after which grace it was closed"
        ):
            connection.execute(WRITE)


def test_a_row_of_the_release_before_that_was_altered_is_found(upgraded: str, fresh_database: str) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("drop trigger refuse_change on closed.subscriber_metrics_monthly")
        connection.execute(
            "update closed.subscriber_metrics_monthly set closed_as_of = closed_at, closing_grace_hours = 1"
        )
        assert [fault[-1] for fault in _faults(connection)] == [
            "the row was changed after it was closed",
            "the row is not what was closed",
        ]
