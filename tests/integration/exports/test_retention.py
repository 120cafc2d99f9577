"""Old results go where nothing holds them, by one door; what a link, a delivery or a close holds stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import psycopg
import pytest

from exports import retention, shares
from exports.errors import InvalidParameter, NotFound
from exports.result import GeneratedBy, new_result_id
from exports.result_store import load
from orchestration.cli.app import run
from orchestration.connection_url import as_pipeline
from orchestration.migrate import migrate

ADMINISTRATOR = GeneratedBy("root", "administrator")
NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=100)
PACK_OF_A_CLOSED_MONTH = '{"parameters": {"subscriber_id": 7, "month": "Oct 2026", "row_hash": "ab"}}'


@pytest.fixture
def installation(fresh_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A migrated warehouse without marts, which the command line works in: the pipeline's URL."""
    migrate(fresh_database)
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", fresh_database)
    return as_pipeline(fresh_database)


def stored(url: str, at: datetime = OLD, report: str = "customer-dynamics", content: str = "{}") -> str:
    """The id of a result that was stored at that instant; it holds nothing that could be shown."""
    result_id = new_result_id()
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            insert into app.report_results (
                result_id, report, generated_at, as_of, generated_by, role,
                duration_seconds, row_count, content
            )
            values (%s, %s, %s, %s, 'ann', 'analyst', 1, 0, %s)
            """,
            (result_id, report, at, at, content),
        )
    return result_id


def delivered(url: str, result_id: str, state: str = "done") -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into app.deliveries (result_id, formats, state, requested_by)"
            " values (%s, '{csv}', %s, 'ann')",
            (result_id, state),
        )


def shared(url: str, result_id: str, now: datetime = NOW, days: int | None = None) -> shares.NewShare:
    expires_at = None if days is None else now + timedelta(days=days)
    with psycopg.connect(url) as connection:
        return shares.create(connection, result_id, ADMINISTRATOR, now, expires_at)


def kept(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {result_id for (result_id,) in connection.execute("select result_id from app.report_results")}


def message(capsys: pytest.CaptureFixture[str], *arguments: str, exit_code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(arguments) == exit_code
    said = capsys.readouterr()
    return said.out, said.err


def test_what_nothing_holds_goes_and_what_something_holds_stays(
    installation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {
        "a link without an end": stored(installation),
        "a link that still opens": stored(installation),
        "a delivery that was sent": stored(installation),
        "a delivery that failed": stored(installation),
        "a closed month's evidence": stored(
            installation, report="seat-evidence", content=PACK_OF_A_CLOSED_MONTH
        ),
        "not old enough": stored(installation, NOW - timedelta(days=89)),
    }
    shared(installation, held["a link without an end"], OLD)
    shared(installation, held["a link that still opens"], OLD, days=365)
    delivered(installation, held["a delivery that was sent"])
    delivered(installation, held["a delivery that failed"], "failed")
    free = {
        "nothing": stored(installation),
        "a link that expired": stored(installation),
        "a link that was revoked": stored(installation),
        "a live month's evidence": stored(installation, report="seat-evidence", content='{"parameters": {}}'),
    }
    shared(installation, free["a link that expired"], OLD, days=30)
    revoked = shared(installation, free["a link that was revoked"])
    with psycopg.connect(installation) as connection:
        shares.revoke(connection, revoked.share, "root", NOW)

    everything = {*held.values(), *free.values()}
    out, _ = message(capsys, "prune", "--older-than", "90d")
    assert out.splitlines()[-1].startswith("4 results stored before ") and "--yes does it" in out
    assert kept(installation) == everything
    out, _ = message(capsys, "prune", "--older-than", "90", "--yes")
    assert out.splitlines()[-1].startswith("4 results stored before ") and out.endswith("pruned\n")
    assert kept(installation) == set(held.values())
    out, _ = message(capsys, "prune", "--older-than", "90", "--yes")
    assert out.splitlines()[-1].startswith("0 results")
    for words in ("share link", "delivery", "closed month"):
        assert words in out


def test_a_pruned_result_says_when_it_went_and_who_let_it_go(
    installation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result_id = stored(installation)
    link = shared(installation, result_id, OLD, days=1)
    message(capsys, "prune", "--older-than", "90d", "--yes")
    for beginning in (result_id, result_id[:12]):
        _, err = message(capsys, "report", "show", beginning, exit_code=2)
        assert err.startswith(f"subdyn: result {result_id} (customer-dynamics of {OLD:%Y-%m-%d %H:%M} UTC)")
        assert " was pruned on " in err and err.count("\n") == 1
    with psycopg.connect(installation) as connection:
        with pytest.raises(NotFound, match="was pruned on"):
            load(connection, result_id)
        with pytest.raises(NotFound, match="this link expired on"):
            shares.open_link(connection, link.link_id, NOW, "ann", "page")
        assert shares.find(connection, str(link.share.share_id)).report == "customer-dynamics"
        noted = connection.execute("select result_id, generated_by from app.pruned_results").fetchall()
    assert noted == [(result_id, "ann")]


def test_nobody_deletes_a_result_past_the_one_door(installation: str, fresh_database: str) -> None:
    free, held = stored(installation), stored(installation)
    shared(installation, held)
    for url in (installation, fresh_database):
        for statement in (
            "delete from app.report_results",
            "truncate app.report_results cascade",
            "update app.report_results set generated_at = '2000-01-01'",
        ):
            with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    for statement in (
        "insert into app.pruned_results (result_id, report, generated_at, generated_by, pruned_by)"
        " select result_id, report, generated_at, generated_by, 'me' from app.report_results",
        "delete from app.pruned_results",
        "alter table app.report_results disable trigger all",
    ):
        with psycopg.connect(installation) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
    # even the owner, who can note anything as pruned, cannot let go what a link holds
    with psycopg.connect(fresh_database) as connection:
        connection.execute("set role subdyn_owner")
        connection.execute(
            "insert into app.pruned_results (result_id, report, generated_at, generated_by, pruned_by)"
            " select result_id, report, generated_at, generated_by, 'me' from app.report_results"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="never changed"):
            connection.execute("delete from app.report_results where result_id = %s", (held,))
    assert kept(installation) == {free, held}


def test_results_of_the_last_day_are_never_pruned(
    installation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result_id = stored(installation, NOW - timedelta(hours=20))
    with (
        psycopg.connect(installation) as connection,
        pytest.raises(InvalidParameter, match="a day after it was stored"),
    ):
        list(retention.prune(connection, NOW, "me"))
    message(capsys, "prune", "--older-than", "1d", "--yes")
    assert kept(installation) == {result_id}
    for days in ("0", "-1", "soon", "1.5"):
        _, err = message(capsys, "prune", f"--older-than={days}", exit_code=2)
        assert err == f"subdyn: --older-than: {days!r} is no number of days from 1 to 100000, as 90d\n"


def test_many_results_go_in_batches_and_a_stopped_run_goes_on(
    installation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        stored(installation)
    monkeypatch.setattr(retention, "BATCH", 3)
    with psycopg.connect(installation, autocommit=True) as connection:
        pruning = retention.prune(connection, NOW - timedelta(days=90), "me")
        assert next(pruning) == 3
        pruning.close()
        assert len(kept(installation)) == 4
        assert list(retention.prune(connection, NOW - timedelta(days=90), "me")) == [3, 1]
    assert kept(installation) == set()


def test_a_link_made_while_its_result_is_pruned_holds_it_or_is_refused(installation: str) -> None:
    before = NOW - timedelta(days=90)
    held, gone = stored(installation), stored(installation)
    waiting = Event()

    def prune() -> list[int]:
        with psycopg.connect(installation, autocommit=True) as connection:
            waiting.set()
            return list(retention.prune(connection, before, "me"))

    # the link comes first, not yet committed: whoever prunes waits for it, then leaves its result
    with ThreadPoolExecutor(1) as pool, psycopg.connect(installation) as sharing:
        sharing.execute("select 1")
        shares.create(sharing, held, ADMINISTRATOR, NOW)
        pruned = pool.submit(prune)
        waiting.wait()
        _wait_until_somebody_waits(installation)
        sharing.commit()
        assert sum(pruned.result()) == 1
    assert kept(installation) == {held}
    with psycopg.connect(installation) as connection, pytest.raises(NotFound, match="no stored result"):
        shares.create(connection, gone, ADMINISTRATOR, NOW)

    # the pruning comes first: the link waits for it, and is refused
    last = stored(installation)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(installation) as pruning:
        assert pruning.execute("select app.prune_report_results(%s, 'me', 10)", (before,)).fetchone() == (1,)
        making = pool.submit(shared, installation, last)
        _wait_until_somebody_waits(installation)
        pruning.commit()
        with pytest.raises(NotFound, match="no stored result"):
            making.result()


def _wait_until_somebody_waits(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(2000):
            row = connection.execute("select count(*) from pg_locks where not granted").fetchone()
            if row is not None and row[0]:
                return
            connection.execute("select pg_sleep(0.005)")
    raise AssertionError("nobody waits for the other")
