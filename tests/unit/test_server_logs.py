"""The reason in a server's log, from logs that servers wrote."""

import pytest

from demo.server_logs import reason

INITDB_ROOT = """initdb: error: cannot be run as root
initdb: hint: Please log in (using, e.g., "su") as the (unprivileged) user that will own the server process.
"""
INITDB_FULL = """2026-11-25 UTC [5] FATAL:  could not write to file "pg_wal/xlogtemp.5": File too large
child process exited with exit code 1
initdb: removing contents of data directory "/h/pg/data.unfinished"
"""
INITDB_LOCALE = """initdb: error: invalid locale name "C.UTF-9"
initdb: hint: If the locale name is specific to ICU, use --icu-locale.
"""
PERMISSIONS = """2026-11-25 03:18:42.580 UTC [5675] FATAL:  data directory "/h/data" has invalid permissions
2026-11-25 03:18:42.580 UTC [5675] DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).
"""
RECOVERY = """2026-11-25 03:18:40.1 UTC [7] LOG:  database system was interrupted; last known up at 03:00:00
2026-11-25 03:18:40.2 UTC [9] FATAL:  the database system is starting up
2026-11-25 03:18:40.3 UTC [8] PANIC:  could not locate a valid checkpoint record at 0/1
2026-11-25 03:18:40.4 UTC [7] LOG:  startup process (PID 8) was terminated by signal 6: Aborted
2026-11-25 03:18:40.5 UTC [7] LOG:  aborting startup due to startup process failure
"""
LIBRARY = "postgres: error while loading shared libraries: libssl.so.3: cannot open shared object file"
PYTHON = """Traceback (most recent call last):
  File "uvloop/loop.pyx", line 164, in uvloop.loop.Loop.__cinit__
OSError: [Errno 24] Too many open files
sys:1: RuntimeWarning: coroutine 'run_server' was never awaited
"""


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (INITDB_ROOT, "cannot be run as root"),
        (INITDB_FULL, 'could not write to file "pg_wal/xlogtemp.5": File too large'),
        (INITDB_LOCALE, 'invalid locale name "C.UTF-9"'),
        (
            PERMISSIONS,
            'data directory "/h/data" has invalid permissions'
            " (Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).)",
        ),
        (RECOVERY, "could not locate a valid checkpoint record at 0/1"),
        (LIBRARY, LIBRARY),
        (PYTHON, "OSError: [Errno 24] Too many open files"),
        ("", "it wrote nothing"),
    ],
)
def test_the_reason_is_the_first_error_and_not_what_followed(log: str, expected: str) -> None:
    assert reason(log) == expected
