"""Each due time of a schedule makes one delivery and one mail for each recipient, whatever runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import psycopg
import pytest

from exports.delivery.smtp import Folder
from exports.queries.deliveries import note_due, request_now
from exports.queries.store import delete, pause, save
from tests.support.deliveries import Installation
from tests.support.saved_queries import ADMINISTRATOR, ANNA, definition, due_rows, scheduled

# Clocks go back in Kyiv and Berlin on Sunday 25 October 2026, at 01:00 UTC; New York's a week later.
BEGIN, END = datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC)
TEN = (
    ("Kyiv, eight o'clock", "0 8 * * *", "Europe/Kyiv"),
    ("Kyiv, comes twice", "30 3 * * *", "Europe/Kyiv"),
    ("Kyiv, half hours from three", "*/30 3 * * SUN", "Europe/Kyiv"),
    ("Berlin, working days", "15 7 * * MON-FRI", "Europe/Berlin"),
    ("Berlin, comes twice", "30 2 * * SUN", "Europe/Berlin"),
    ("Berlin, six hours", "0 */6 * * *", "Europe/Berlin"),
    ("New York, evening", "0 18 * * *", "America/New_York"),
    ("New York, the 25th", "0 0 25 * *", "America/New_York"),
    ("Kathmandu, nine", "0 9 * * *", "Asia/Kathmandu"),
    ("Lord Howe, half past six", "30 6 * * *", "Australia/Lord_Howe"),
)
# Worked out by hand, in UTC, October 2026: day and times.
BY_HAND = {
    "Kyiv, eight o'clock": "22 05:00, 23 05:00, 24 05:00, 25 06:00, 26 06:00, 27 06:00, 28 06:00",
    "Kyiv, comes twice": "22 00:30, 23 00:30, 24 00:30, 25 00:30, 26 01:30, 27 01:30, 28 01:30",
    "Kyiv, half hours from three": "25 00:00, 25 00:30, 25 01:00, 25 01:30",
    "Berlin, working days": "22 05:15, 23 05:15, 26 06:15, 27 06:15, 28 06:15",
    "Berlin, comes twice": "25 00:30",
    "Berlin, six hours": (
        "22 04:00, 22 10:00, 22 16:00, 22 22:00, 23 04:00, 23 10:00, 23 16:00, 23 22:00,"
        " 24 04:00, 24 10:00, 24 16:00, 24 22:00, 25 05:00, 25 11:00, 25 17:00, 25 23:00,"
        " 26 05:00, 26 11:00, 26 17:00, 26 23:00, 27 05:00, 27 11:00, 27 17:00, 27 23:00,"
        " 28 05:00, 28 11:00, 28 17:00, 28 23:00"
    ),
    "New York, evening": "22 22:00, 23 22:00, 24 22:00, 25 22:00, 26 22:00, 27 22:00, 28 22:00",
    "New York, the 25th": "25 04:00",
    "Kathmandu, nine": "22 03:15, 23 03:15, 24 03:15, 25 03:15, 26 03:15, 27 03:15, 28 03:15",
    "Lord Howe, half past six": "22 19:30, 23 19:30, 24 19:30, 25 19:30, 26 19:30, 27 19:30, 28 19:30",
}


def test_a_week_over_a_change_of_the_clock_sends_what_was_worked_out_by_hand(
    installation: Installation, tmp_path: Path
) -> None:
    """Ten schedules in five zones; a look every 50 minutes, none for ten hours of the night of the change."""
    for title, cron, zone in TEN:
        save(installation.connection, scheduled(cron, zone, title, recipients=["a@x.example"]), ANNA, BEGIN)
    out = Folder(tmp_path)
    now = BEGIN
    while now < END:
        now += timedelta(minutes=50)
        if now.day == 25 and now.hour < 10:
            continue
        if note_due(installation.connection, min(now, END)).due:
            installation.deliver(out, at=now)
    expected = {(title, f"2026-10-{time}") for title, times in BY_HAND.items() for time in times.split(", ")}
    rows = due_rows(installation.url)
    assert len(rows) == len(expected) == 74
    assert {(title, due_at) for title, due_at, _ in rows} == expected
    assert {state for *_, state in rows} == {"done"}
    mails = [message_from_bytes(file.read_bytes()) for file in tmp_path.glob("*.eml")]
    assert len(mails) == len({mail["Message-ID"] for mail in mails}) == 74


def test_the_same_schedule_twice_is_two_queries_and_looking_twice_is_one_delivery_of_each(
    installation: Installation,
) -> None:
    for title in ("One", "Two"):
        save(installation.connection, scheduled("0 8 * * *", title=title), ANNA, BEGIN)
    later = BEGIN + timedelta(hours=9)
    assert note_due(installation.connection, later).due == 2
    assert note_due(installation.connection, later).due == 0
    # whatever a restored backup or a person makes of due_after
    installation.connection.execute("update app.saved_queries set due_after = %s", (BEGIN,))
    note_due(installation.connection, later)
    assert due_rows(installation.url) == [
        ("One", "2026-10-22 08:00", "due"),
        ("Two", "2026-10-22 08:00", "due"),
    ]


def test_two_daemons_at_once_make_one_delivery_of_each_due_time(installation: Installation) -> None:
    for number in range(20):
        save(installation.connection, scheduled("* * * * *", title=f"Query {number}"), ANNA, BEGIN)

    def look(_: int) -> int:
        with psycopg.connect(installation.url, autocommit=True) as connection:
            return sum(note_due(connection, BEGIN + timedelta(minutes=minute)).due for minute in range(10))

    with ThreadPoolExecutor(2) as pool:
        noted = sum(pool.map(look, range(2)))
    rows = due_rows(installation.url)
    assert len(rows) == len(set(rows)) == 20 * 9 == noted


def test_a_crash_before_the_commit_leaves_what_was_due_to_the_next_look(installation: Installation) -> None:
    save(installation.connection, scheduled("0 8 * * *"), ANNA, BEGIN)
    later = BEGIN + timedelta(hours=9)
    with psycopg.connect(installation.url) as crashed, crashed.transaction(force_rollback=True):
        assert note_due(crashed, later).due == 1
        # another daemon meanwhile leaves the query to this one
        assert note_due(installation.connection, later).due == 0
    assert due_rows(installation.url) == []
    assert note_due(installation.connection, later).due == 1


def test_a_paused_schedule_is_not_due_and_makes_up_for_nothing_when_it_goes_on(
    installation: Installation,
) -> None:
    query = save(installation.connection, scheduled("0 8 * * *"), ANNA, BEGIN)
    pause(installation.connection, query.query_id, ANNA, BEGIN, is_paused=True)
    assert note_due(installation.connection, BEGIN + timedelta(days=2)).due == 0
    pause(installation.connection, query.query_id, ANNA, BEGIN + timedelta(days=2), is_paused=False)
    assert note_due(installation.connection, BEGIN + timedelta(days=3)).due == 1
    assert due_rows(installation.url) == [("Clients of last month", "2026-10-24 08:00", "due")]


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("catch_up", ["2026-10-22 08:00 due", "2026-10-23 08:00 due", "2026-10-24 08:00 due"]),
        ("tell", ["2026-10-22 08:00 missed", "2026-10-23 08:00 missed", "2026-10-24 08:00 due"]),
    ],
)
def test_after_a_stop_due_times_are_made_up_for_or_named_in_one_notice(
    installation: Installation, tmp_path: Path, missed: str, expected: list[str]
) -> None:
    said = scheduled("0 8 * * *", schedule={"missed": missed}, recipients=["a@x.example"])
    save(installation.connection, said, ANNA, BEGIN)
    now = BEGIN + timedelta(days=2, hours=8, minutes=20)
    note_due(installation.connection, now)
    assert [f"{due_at} {state}" for _, due_at, state in due_rows(installation.url)] == expected
    installation.deliver(Folder(tmp_path), at=now)
    subjects = sorted(message_from_bytes(file.read_bytes())["Subject"] for file in tmp_path.glob("*.eml"))
    notices = [subject for subject in subjects if subject.startswith("missed: ")]
    assert len(notices) == (missed == "tell")
    assert len(subjects) - len(notices) == sum("due" in row for row in expected)


def test_what_was_due_of_a_deleted_query_does_not_go_out(installation: Installation, tmp_path: Path) -> None:
    query = save(installation.connection, scheduled("0 8 * * *", recipients=["a@x.example"]), ANNA, BEGIN)
    note_due(installation.connection, BEGIN + timedelta(hours=9))
    delete(installation.connection, query.query_id, 1, ADMINISTRATOR)
    assert note_due(installation.connection, BEGIN + timedelta(days=2)).due == 0
    installation.deliver(Folder(tmp_path), at=END)
    assert [state for *_, state in due_rows(installation.url)] == ["missed"]
    assert list(tmp_path.glob("*.eml")) == []


def test_a_query_whose_schedule_became_unreadable_holds_up_no_other(installation: Installation) -> None:
    for title in ("Broken", "Whole"):
        save(installation.connection, scheduled("0 8 * * *", title=title), ANNA, BEGIN)
    installation.connection.execute(
        "update app.saved_queries set time_zone = 'Mars/Base' where title = 'Broken'"
    )
    noted = note_due(installation.connection, BEGIN + timedelta(hours=9))
    assert noted.due == 1
    assert len(noted.faults) == 1 and "'Broken'" in noted.faults[0] and "Mars/Base" in noted.faults[0]


def test_asked_for_now_by_one_run_it_is_one_delivery(installation: Installation) -> None:
    query = save(installation.connection, definition(), ANNA, BEGIN)
    first = request_now(installation.connection, query.query_id, "run 1")
    assert request_now(installation.connection, query.query_id, "run 1") == first
    assert request_now(installation.connection, query.query_id, "run 2") != first
