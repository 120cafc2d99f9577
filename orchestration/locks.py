"""The lock that builds of one warehouse take in turn, and who holds up a run that waits for any lock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg.rows import class_row

from exports.snapshot import statement
from extract.sessions import application_name
from orchestration.settings import Settings

# A wait of this length is reported once, and again if somebody else is waited for.
REPORT_AFTER_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wait:
    """A session of ours that waits for a lock, and one of the sessions it waits for."""

    waiting_pid: int
    waiting_name: str
    locked: str
    waiting_since: datetime
    blocker_pid: int
    blocker_user: str | None
    blocker_name: str | None
    blocker_since: datetime | None

    def __str__(self) -> str:
        subject = self.waiting_name.removeprefix(application_name("")).strip()
        program = f" ({self.blocker_name})" if self.blocker_name else ""
        since = f", in a transaction since {_instant(self.blocker_since)}" if self.blocker_since else ""
        return (
            f"{subject} (pid {self.waiting_pid}) has waited for {self.locked} since"
            f" {_instant(self.waiting_since)}: pid {self.blocker_pid} of user"
            f" {self.blocker_user or 'unknown'}{program} is in its way{since}"
        )


@contextmanager
def build_lock(settings: Settings) -> Iterator[None]:
    """Have the warehouse to oneself for the block; a killed process holds nothing.

    The lock is one that only members of subdyn_pipeline can take.
    """
    name = application_name("build")
    with closing(psycopg.connect(settings.warehouse(), application_name=name)) as connection:
        # the lock lasts as long as its transaction, which no server setting may cut short
        connection.execute(
            "select set_config(name, '0', false) from pg_settings where name in"
            " ('lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')"
        )
        connection.execute("lock table app.build_lock in exclusive mode")
        yield


@contextmanager
def reported_waits(warehouse_login: str, report: Callable[[str], None] | None = None) -> Iterator[None]:
    """Report each lock that this process, or its dbt, waits for longer than a minute, in one line.

    It says whom is waited for: process id and user of the session, and since when. The line is a warning
    of this module's logger, which a terminal shows, and is handed to `report`. `warehouse_login` is the URL
    without the pipeline's role: a login sees more of its own sessions than the role does.
    """
    done = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(warehouse_login, report, done), name="lock waits", daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join(timeout=5)


def _watch(warehouse_login: str, report: Callable[[str], None] | None, done: threading.Event) -> None:
    reported: set[Wait] = set()
    done.wait(REPORT_AFTER_SECONDS)
    while not done.wait(REPORT_AFTER_SECONDS / 4):
        try:
            waits = _waits(warehouse_login)
        except psycopg.Error:
            # a warehouse that cannot be asked is reported by whoever needs its answer
            continue
        for wait in waits:
            if wait not in reported:
                reported.add(wait)
                _log.warning("%s", wait)
                if report is not None:
                    report(str(wait))


def _waits(warehouse_login: str) -> list[Wait]:
    asked = {"own_name": application_name(""), "after_seconds": REPORT_AFTER_SECONDS}
    with closing(psycopg.connect(warehouse_login, connect_timeout=10)) as connection:
        cursor = connection.cursor(row_factory=class_row(Wait))
        return cursor.execute(statement("orchestration.sql", "lock_waits"), asked).fetchall()


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
