"""A ledger that was written before restatements were chained is kept, and is where the chain starts."""

from datetime import UTC, datetime

import psycopg
import pytest

from exports.verification.closed_months import CHECKS, run_check
from orchestration import migrate as migrating
from orchestration.connection_url import as_pipeline
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
