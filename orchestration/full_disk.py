"""A full disk, however it is told: by the operating system, by Dagster's SQLite, by PostgreSQL."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# SQLite tells a full disk as either, depending on which of its files did not grow.
_SQLITE_CODES = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_NO_SPACE = "No space left on device"
# PostgreSQL's sqlstate 53100 is a class in each driver; dbt hands on the server's words alone.
_SERVER_SIGNS = ("DiskFull", "53100", _NO_SPACE)
ADVICE = {
    "home": "the disk of SUBDYN_HOME is full; make room there and run this again",
    "warehouse": (
        "the disk of the warehouse is full; make room in its server's data folder"
        " (SUBDYN_HOME/postgres where it is the embedded one) and run this again"
    ),
}


class FullDisk(Exception):
    """A file could not be written for want of room; the message names the folder and what to do."""


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Raise FullDisk, naming the folder, in the place of an error that says its disk is full."""
    try:
        yield
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise FullDisk(
            f"{folder} cannot be written ({reason}{_free(folder)}):"
            " make room on its disk, or point SUBDYN_HOME to another one, and run this again"
        ) from error


def with_advice(reason: str) -> str:
    """The reason of a failed step; one that says a disk is full says what to do, too."""
    if any(sign in reason for sign in ADVICE.values()):
        return reason
    if f"[Errno {errno.ENOSPC}]" in reason:
        return f"{ADVICE['home']}: {reason}"
    if any(sign in reason for sign in _SERVER_SIGNS):
        return f"{ADVICE['warehouse']}: {reason}"
    return reason


def _reason(error: BaseException | None) -> str | None:
    while error is not None:
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_CODES:
            return str(cause)
        if isinstance(cause, OSError) and cause.errno in _CODES:
            return str(cause.strerror)
        error = error.__cause__ or error.__context__
    return None


def _free(folder: Path) -> str:
    with suppress(OSError):
        return f", {shutil.disk_usage(folder).free / 1e6:,.1f} MB free"
    return ""
