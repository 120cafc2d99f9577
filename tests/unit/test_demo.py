"""The demo: what its operator is made of, and the reason in its servers' logs."""

from datetime import date

import pytest

from demo.errors import DemoError
from demo.operator.customers import customer_batches
from demo.operator.recipe import Recipe
from demo.operator.reference import Reference
from demo.operator.text_rows import add_months, instant, local_midnight, money_text, time_text
from demo.server_logs import reason


def rows(recipe: Recipe, customers_per_batch: int) -> dict[str, list[str]]:
    collected: dict[str, list[str]] = {}
    for batch in customer_batches(recipe, Reference(recipe), customers_per_batch):
        for table, lines in batch.lines.items():
            collected.setdefault(table, []).extend(lines)
    return collected


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.000000"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (12_345_678, "12.345678"),
        (-5_000_000, "-5.000000"),
    ],
)
def test_money_is_told_to_the_last_place(amount: int, text: str) -> None:
    assert money_text(amount) == text


def test_instants_are_told_in_utc_to_the_microsecond() -> None:
    assert time_text(instant(date(2026, 3, 31)) + 86_399_999_999) == "2026-03-31 23:59:59.999999"
    assert time_text(None) == "\\N"


def test_a_local_midnight_follows_the_zone_and_its_summer_time() -> None:
    assert time_text(local_midnight(date(2026, 1, 15), "Asia/Kathmandu")) == "2026-01-14 18:15:00.000000"
    assert time_text(local_midnight(date(2026, 7, 15), "Europe/Berlin")) == "2026-07-14 22:00:00.000000"


def test_months_are_calendar_months_clamped_to_the_last_day() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2026, 3, 31), -13) == date(2025, 2, 28)


def test_a_recipe_is_read_back_from_its_mark_and_an_unfinished_mark_tells_none() -> None:
    recipe = Recipe(customers=7, months=3, seed=5, ending=date(2026, 2, 28), subscribers=2)
    assert Recipe.from_comment(recipe.as_comment()) == recipe
    assert Recipe.from_comment("made up by subscriber-dynamics, unfinished") is None
    assert Recipe.from_comment("our customers") is None


def test_fourteen_months_end_on_the_last_day() -> None:
    assert Recipe(ending=date(2026, 11, 20)).first_day == date(2025, 9, 21)


@pytest.mark.parametrize("wrong", [{"customers": 0}, {"months": 0}, {"months": 241}, {"subscribers": 0}])
def test_a_recipe_without_content_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(DemoError):
        Recipe(**wrong)  # pyright: ignore[reportArgumentType]


def test_batches_do_not_change_the_rows() -> None:
    recipe = Recipe(customers=60, months=6, seed=3, ending=date(2026, 3, 31))
    assert rows(recipe, 7) == rows(recipe, 60)


def test_more_customers_leave_those_before_as_they_are() -> None:
    few = rows(Recipe(customers=20, months=6, ending=date(2026, 3, 31)), 20)
    many = rows(Recipe(customers=30, months=6, ending=date(2026, 3, 31)), 20)
    assert all(many[table][: len(lines)] == lines for table, lines in few.items())


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
