"""Makes Dagster's SQLite storage quick for the length of one run in this process.

Dagster opens and closes a connection for every event. Closing the last one of a database writes its log back
and removes it, and each commit waits for the disk: some 20 ms for each of several hundred events.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlalchemy.event


class OpenStorage:
    """Keeps a connection to each database a run writes, so that none of Dagster's is the last to close.

    Commits no longer wait for the disk: a killed process loses nothing, a power cut perhaps the last events.
    """

    def __init__(self, dagster_home: Path, run_id: str) -> None:
        folder = dagster_home / "history"
        self._databases = (folder / "runs.db", folder / "runs" / "index.db", folder / "runs" / f"{run_id}.db")
        self._open = ExitStack()

    def __enter__(self) -> OpenStorage:
        sqlalchemy.event.listen(sa.Engine, "connect", _no_waiting)
        for path in self._databases:
            connection = self._open.enter_context(closing(sqlite3.connect(path)))
            # Only a connection that has read holds the log.
            connection.execute("select count(*) from sqlite_master").fetchone()
        return self

    def __exit__(self, *_: object) -> None:
        sqlalchemy.event.remove(sa.Engine, "connect", _no_waiting)
        self._open.close()


def _no_waiting(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = normal")
