"""When a schedule is due: in its zone, over changes of the clock, and after a time in which nothing ran."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.errors import InvalidParameter
from exports.queries.due import DueTime, Schedule, check_cron, dealt_with, due_until, next_due_times


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(cron: str, zone: str, after: str, until: str) -> list[str]:
    times = due_until(Schedule(cron, zone), at(after), at(until))
    return [f"{time:%Y-%m-%d %H:%M}" for time in times]


def test_a_fixed_time_that_the_clock_skips_is_due_at_the_first_instant_after_the_gap() -> None:
    # Berlin goes from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC
    assert due("30 2 * * *", "Europe/Berlin", "2026-03-27 12:00", "2026-03-30 12:00") == [
        "2026-03-28 01:30",
        "2026-03-29 01:00",
        "2026-03-30 00:30",
    ]


def test_two_fixed_times_within_one_gap_are_due_once() -> None:
    assert due("0,30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00") == [
        "2026-03-29 01:00"
    ]
    assert due("0 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00") == ["2026-03-29 01:00"]


def test_a_midnight_that_does_not_exist_is_due_at_the_days_first_instant() -> None:
    # Cairo goes from 00:00 to 01:00 on 24 April 2026, at 22:00 UTC of the day before
    assert due("0 0 * * *", "Africa/Cairo", "2026-04-22 12:00", "2026-04-25 12:00") == [
        "2026-04-22 22:00",
        "2026-04-23 22:00",
        "2026-04-24 21:00",
    ]


@pytest.mark.parametrize("after", ["2026-10-24 12:00", "2026-10-25 00:29"])
def test_a_fixed_time_that_comes_twice_is_due_once_at_the_first(after: str) -> None:
    # Berlin goes from 03:00 back to 02:00 on 25 October 2026, at 01:00 UTC
    assert due("30 2 * * *", "Europe/Berlin", after, "2026-10-26 12:00") == [
        "2026-10-25 00:30",
        "2026-10-26 01:30",
    ]


@pytest.mark.parametrize(
    "after", ["2026-10-25 00:30", "2026-10-25 00:45", "2026-10-25 01:10", "2026-10-25 01:30"]
)
def test_asked_in_the_second_of_the_two_hours_it_is_not_due_again(after: str) -> None:
    assert due("30 2 * * *", "Europe/Berlin", after, "2026-10-26 12:00") == ["2026-10-26 01:30"]


def test_every_hour_follows_the_clock_as_time_passes() -> None:
    assert due("0 * * * *", "Europe/Berlin", "2026-10-24 23:30", "2026-10-25 02:00") == [
        "2026-10-25 00:00",
        "2026-10-25 01:00",
        "2026-10-25 02:00",
    ]
    # two o'clock does not exist, and what is due each hour is due three times in three hours
    assert due("0 * * * *", "Europe/Berlin", "2026-03-28 23:30", "2026-03-29 02:00") == [
        "2026-03-29 00:00",
        "2026-03-29 01:00",
        "2026-03-29 02:00",
    ]


def test_zones_whose_clock_moves_half_an_hour_and_zones_at_45_minutes() -> None:
    # Lord Howe goes from 02:00 to 02:30 on 4 October 2026, at 15:30 UTC of the day before
    assert due("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 00:00", "2026-10-05 00:00") == [
        "2026-10-02 15:45",
        "2026-10-03 15:30",
        "2026-10-04 15:15",
    ]
    assert due("0 8 * * *", "Asia/Kathmandu", "2026-01-01 00:00", "2026-01-02 00:00") == ["2026-01-01 02:15"]


@pytest.mark.parametrize("cron", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6 *", "0 8 31 2,4 */2"])
def test_a_cron_that_never_fires_is_refused(cron: str) -> None:
    with pytest.raises(InvalidParameter, match="is never due: no year has such a day"):
        check_cron(cron)


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("", "five fields"),
        ("* * *", "five fields"),
        ("0 0 8 * * *", "five fields"),
        ("@daily", "five fields"),
        ("0 " * 500, "five fields"),
        ("61 * * * *", "bad minute"),
        ("0 25 * * *", "bad hour"),
        ("0 0 32 * *", "bad day-of-month"),
        ("0 0 1 13 *", "bad month"),
        ("0 0 * * 9", "bad day-of-week"),
        ("*/0 * * * *", "bad minute"),
        ("٣ * * * *", "bad minute"),
    ],
)
def test_what_is_no_cron_is_refused_by_its_field(cron: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        check_cron(cron)


def test_rare_days_are_due_when_they_come() -> None:
    assert due("0 0 29 2 *", "UTC", "2026-01-01 00:00", "2033-01-01 00:00") == [
        "2028-02-29 00:00",
        "2032-02-29 00:00",
    ]
    assert check_cron("  0  8 * *  MON-FRI ") == "0 8 * * MON-FRI"


def test_missed_due_times_are_made_up_for() -> None:
    made_up = dealt_with(Schedule("0 8 * * *", "UTC"), at("2026-03-01 08:00"), at("2026-03-04 12:00"))
    assert made_up == [DueTime(at(f"2026-03-0{day} 08:00")) for day in (2, 3, 4)]


def test_missed_due_times_are_told_and_what_is_an_hour_late_is_not_missed() -> None:
    message = dealt_with(Schedule("0 8 * * *", "UTC", "tell"), at("2026-03-01 08:00"), at("2026-03-04 09:00"))
    assert [(time.due_at.day, time.state) for time in message] == [(2, "missed"), (3, "missed"), (4, "due")]
    assert message[0].reason == "nothing ran at 2026-03-02T08:00:00Z, nor within an hour of it"


@pytest.mark.parametrize("missed", ["catch_up", "tell"])
def test_of_a_long_time_in_which_nothing_ran_the_newest_31_stand_by_themselves(missed: str) -> None:
    schedule = Schedule("0 * * * *", "UTC", missed)
    found = dealt_with(schedule, at("2026-03-01 00:00"), at("2026-03-11 00:00"))
    assert len(found) == 32
    assert found[0].state == "missed"
    assert found[0].reason == (
        "209 due times from 2026-03-01T01:00:00Z to 2026-03-09T17:00:00Z passed while nothing ran;"
        " only the 31 after them stand by themselves"
    )
    assert [time.due_at for time in found[1:]] == [
        at("2026-03-09 18:00") + hour * timedelta(hours=1) for hour in range(31)
    ]
    # a boundary: exactly 31 are no long time
    assert len(dealt_with(schedule, at("2026-03-01 00:00"), at("2026-03-02 07:00"))) == 31


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo", "UTC")
INSTANTS = st.integers(0, 365 * 24 * 60).map(
    lambda minutes: at("2026-01-01 00:00") + timedelta(minutes=minutes)
)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    after=INSTANTS,
    cuts=st.lists(st.integers(1, 5 * 24 * 60), max_size=3),
)
def test_looking_often_finds_what_looking_once_finds_one_a_day(
    zone: str, hour: int, minute: int, after: datetime, cuts: list[int]
) -> None:
    schedule = Schedule(f"{minute} {hour} * * *", zone)
    until = after + timedelta(days=6)
    once = list(due_until(schedule, after, until))
    found, since = [], after
    for cut in sorted(after + timedelta(minutes=cut) for cut in cuts):
        found += due_until(schedule, since, cut)
        since = max(since, cut)
    found += due_until(schedule, since, until)
    assert found == once
    days = [time.astimezone(ZoneInfo(zone)).date() for time in once]
    assert len(set(days)) == len(days) and 5 <= len(days) <= 7
    assert next_due_times(schedule, after, len(once)) == once
