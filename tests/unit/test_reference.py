"""The recomputations of the tests are right where one can tell by hand."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.reference.local_time import (
    ONE_DAY,
    SMALLEST,
    day_start,
    first_instant_of_local_day,
    local_date,
    month_bounds,
    month_of,
    months_before,
)
from tests.reference.random_platform import random_platform
from tests.reference.subscriber_metrics import MonthlyMetrics, recompute
from tests.support.public_data import public_data

TABLES = (
    "users",
    "user_changes",
    "logons",
    "subscriber_settings",
    "commission_runs",
    "commission_items",
    "process_forms",
    "process_fields",
)
JANUARY, FEBRUARY = date(2008, 1, 1), date(2008, 2, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Installation:
    """One subscriber whose rows are added one by one."""

    def __init__(
        self, time_zone: str = "UTC", created: str = "2007-12-15", deleted: str | None = None
    ) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
        self.subscriber = {
            "id": 1,
            "time_zone": time_zone,
            "created_at": at(created),
            "deleted_at": at(deleted) if deleted else None,
        }

    def add(self, table: str, **columns: Any) -> int:
        identity = len(self.rows[table]) + 1
        self.rows[table].append({"id": identity, "subscriber_id": 1, **columns})
        return identity

    def user(self, kind: str = "staff", created: str = "2007-12-20") -> int:
        user = self.add("users", type=kind, created_at=at(created))
        self.change(user, created, "created")
        return user

    def change(self, user: int, moment: str, change: str, role: str | None = None) -> None:
        self.add("user_changes", user_id=user, happened_at=at(moment), change=change, role=role)

    def logon(
        self, user: int, since: str, until: str | None, seen: str | None = None, locked: bool = False
    ) -> None:
        self.add(
            "logons",
            user_id=user,
            logged_on_at=at(since),
            logged_off_at=at(until) if until else None,
            last_seen_at=at(seen or until or since),
            locked_at_logon=locked,
        )

    def setting(self, moment: str, setting: str, value: str) -> None:
        self.add("subscriber_settings", happened_at=at(moment), setting=setting, value=value)

    def month(self, month: date = JANUARY, data_through: str = "2008-03-10") -> MonthlyMetrics:
        return recompute({"subscribers": [self.subscriber], **self.rows}, at(data_through))[1, month]


def seats(metrics: MonthlyMetrics) -> dict[str, int]:
    return {column: len(users) for column, users in metrics.seats.items() if users}


def test_regular_user_made_super_counts_as_super_only() -> None:
    installation = Installation()
    user = installation.user()
    installation.logon(user, "2008-01-03 09:00", "2008-01-03 10:00")
    installation.change(user, "2008-01-10", "role", "super")
    assert seats(installation.month()) == {"super_users": 1}


@pytest.mark.parametrize("undoing", [["role"], ["disabled"], ["trashed"], ["trashed", "purged"]])
def test_super_user_stays_counted_whatever_follows_but_a_lock(undoing: list[str]) -> None:
    installation = Installation()
    user = installation.user()
    installation.change(user, "2008-01-10", "role", "super")
    for change in undoing:
        installation.change(user, "2008-01-11", change, "regular" if change == "role" else None)
    assert seats(installation.month()) == {"super_users": 1}
    installation.change(user, "2008-01-12", "locked")
    assert seats(installation.month()) == ({"super_users": 1} if "purged" in undoing else {})


def test_user_disabled_or_deleted_before_the_count_is_still_counted() -> None:
    installation = Installation()
    installation.change(installation.user(), "2008-01-02", "disabled")
    installation.change(installation.user("agent"), "2008-01-02", "purged")
    assert seats(installation.month()) == {"enabled_staff": 1, "enabled_reps": 1}
    assert seats(installation.month(FEBRUARY)) == {}


def test_user_disabled_all_month_is_active_but_not_enabled_when_logged_on() -> None:
    installation = Installation()
    user = installation.user()
    installation.change(user, "2007-12-31", "disabled")
    assert seats(installation.month()) == {}
    installation.logon(user, "2008-01-31 23:59", "2008-02-01 08:00")
    assert seats(installation.month()) == {"active_staff": 1}
    assert seats(installation.month(FEBRUARY)) == {}


def test_lock_removes_from_every_count_until_the_next_month() -> None:
    installation = Installation()
    user = installation.user()
    installation.logon(user, "2008-01-02 09:00", "2008-01-02 10:00")
    installation.change(user, "2008-01-10", "locked")
    installation.change(user, "2008-01-11", "unlocked")
    assert seats(installation.month()) == {}
    assert seats(installation.month(FEBRUARY)) == {"enabled_staff": 1}
    assert installation.month().logon_minutes == 60


def test_lock_carried_in_counts_and_one_lifted_at_the_first_instant_does_not() -> None:
    installation = Installation()
    user = installation.user("agent")
    installation.change(user, "2007-12-30", "locked")
    installation.change(user, "2008-02-01", "unlocked")
    assert seats(installation.month()) == {}
    assert seats(installation.month(FEBRUARY)) == {"enabled_reps": 1}


def test_state_replaced_within_its_instant_never_was() -> None:
    installation = Installation()
    user = installation.user()
    installation.change(user, "2008-01-10", "locked")
    installation.change(user, "2008-01-10", "role", "super")
    installation.change(user, "2008-01-10", "unlocked")
    installation.change(user, "2008-01-10", "role", "regular")
    assert seats(installation.month()) == {"enabled_staff": 1}


def test_purged_at_the_first_instant_is_not_carried_in_but_trash_is() -> None:
    installation = Installation()
    installation.change(installation.user(), "2008-01-01", "purged")
    installation.change(installation.user(), "2007-12-30", "trashed")
    assert seats(installation.month()) == {"enabled_staff": 1}


def test_agent_who_is_manager_and_rep_counts_once_as_manager() -> None:
    installation = Installation()
    first, second = installation.user("agent"), installation.user("agent")
    installation.change(first, "2008-01-10", "role", "manager")
    installation.change(first, "2008-01-11", "role", "rep")
    installation.change(second, "2007-12-25", "role", "manager+rep")
    installation.logon(first, "2008-01-02 10:00", "2008-01-02 11:00")
    assert seats(installation.month()) == {"enabled_managers": 2, "active_managers": 1}
    assert seats(installation.month(FEBRUARY)) == {"enabled_managers": 1, "enabled_reps": 1}


def test_customer_users_take_no_seat_but_are_online() -> None:
    installation = Installation()
    installation.logon(installation.user("customer"), "2008-01-02 10:00", "2008-01-02 10:02:59")
    metrics = installation.month()
    assert (seats(metrics), metrics.concurrent_max, metrics.logon_minutes) == ({}, 1, 2)


def test_peak_is_the_first_of_its_height_and_a_handover_is_no_overlap() -> None:
    installation = Installation()
    first, second, third = (installation.user() for _ in range(3))
    installation.logon(first, "2008-01-02 10:00", "2008-01-02 11:00")
    installation.logon(second, "2008-01-02 11:00", "2008-01-02 12:00")
    installation.logon(first, "2008-01-03 10:00", "2008-01-03 11:00")
    installation.logon(first, "2008-01-03 10:10", "2008-01-03 11:30")
    installation.logon(second, "2008-01-03 10:30", "2008-01-03 11:00")
    installation.logon(third, "2008-01-03 11:00", "2008-01-03 11:05")
    metrics = installation.month()
    assert (metrics.concurrent_max, metrics.concurrent_max_at) == (2, at("2008-01-03 10:30"))
    assert metrics.users_at_peak == {first, second}
    assert metrics.logon_minutes == 60 + 60 + 90 + 30 + 5


def test_users_online_over_midnight_form_the_next_months_first_value() -> None:
    installation = Installation()
    installation.logon(installation.user(), "2008-01-31 23:00", "2008-02-01 02:00")
    assert installation.month().logon_minutes == 60
    february = installation.month(FEBRUARY)
    assert (february.concurrent_max, february.concurrent_max_at) == (1, at("2008-02-01"))
    assert (february.logon_minutes, seats(february)) == (120, {"enabled_staff": 1})


def test_lock_at_logon_decides_for_time_and_concurrency() -> None:
    installation = Installation()
    user = installation.user()
    installation.logon(user, "2008-01-02 10:00", "2008-01-02 11:00", locked=True)
    metrics = installation.month()
    assert (metrics.concurrent_max, metrics.concurrent_max_at, metrics.logon_minutes) == (0, None, 0)


def test_session_without_logoff_ends_half_an_hour_after_last_seen_or_at_data_through() -> None:
    installation = Installation()
    installation.logon(installation.user(), "2008-01-02 10:00", None, seen="2008-01-02 10:20")
    assert installation.month().logon_minutes == 50
    assert installation.month(data_through="2008-01-02 10:35").logon_minutes == 35


@pytest.mark.parametrize("until", ["2008-01-02 10:00", "2008-01-02 09:00"])
def test_session_of_no_length_is_a_logon_but_never_online(until: str) -> None:
    installation = Installation()
    installation.logon(installation.user(), "2008-01-02 10:00", until)
    metrics = installation.month()
    assert seats(metrics) == {"enabled_staff": 1, "active_staff": 1}
    assert (metrics.concurrent_max, metrics.logon_minutes) == (0, 0)


def test_seconds_of_all_users_are_summed_before_rounding_down() -> None:
    installation = Installation()
    installation.logon(installation.user(), "2008-01-02 10:00:00", "2008-01-02 10:00:30.000001")
    installation.logon(installation.user(), "2008-01-02 11:00:00", "2008-01-02 11:00:29.999998")
    assert installation.month().logon_minutes == 0
    installation.logon(installation.user(), "2008-01-02 12:00:00", "2008-01-02 12:00:00.000001")
    assert installation.month().logon_minutes == 1


def test_highest_file_limit_in_force_at_any_moment_of_the_month() -> None:
    installation = Installation()
    assert installation.month().file_limit_mb is None
    installation.setting("2007-12-20", "file_limit_mb", "900")
    installation.setting("2008-01-01", "file_limit_mb", "100")
    installation.setting("2008-01-05", "file_limit_mb", "700")
    installation.setting("2008-01-05", "file_limit_mb", "200")
    installation.setting("2008-02-01", "file_limit_mb", "300")
    assert (installation.month().file_limit_mb, installation.month(FEBRUARY).file_limit_mb) == (200, 300)
    installation.setting("2008-02-20", "file_limit_mb", "50")
    assert installation.month(FEBRUARY).file_limit_mb == 300
    installation.setting("2008-01-20", "file_limit_mb", "plenty")
    assert (installation.month().file_limit_mb, installation.month(FEBRUARY).file_limit_mb) == (200, 300)


def test_items_are_of_the_run_closed_last_and_none_while_the_module_is_off() -> None:
    installation = Installation()
    for closed, items in (("2008-01-05", 3), ("2008-01-20", 2), ("2008-02-01", 5), (None, 7)):
        run = installation.add("commission_runs", closed_at=at(closed) if closed else None)
        for _ in range(items):
            installation.add("commission_items", run_id=run, created_at=at("2008-01-01"))
    assert installation.month().commission_items == 0
    installation.setting("2008-01-10", "commission_module", "on")
    installation.setting("2008-02-10", "commission_module", "off")
    assert installation.month().commission_items == 2
    assert installation.month(FEBRUARY, data_through="2008-02-05").commission_items == 5
    assert installation.month(FEBRUARY).commission_items == 0


def test_fields_in_the_trash_or_on_a_form_in_the_trash_do_not_count() -> None:
    installation = Installation()
    installation.setting("2007-12-20", "process_module", "on")
    kept, trashed = (
        installation.add("process_forms", created_at=at("2007-12-20"), trashed_at=trash)
        for trash in (None, at("2008-01-20"))
    )
    installation.add("process_fields", form_id=kept, created_at=at("2007-12-20"), trashed_at=None)
    installation.add("process_fields", form_id=kept, created_at=at("2007-12-20"), trashed_at=at("2008-02-01"))
    installation.add("process_fields", form_id=trashed, created_at=at("2007-12-20"), trashed_at=None)
    assert (installation.month().process_fields, installation.month(FEBRUARY).process_fields) == (2, 1)
    assert installation.month(data_through="2008-01-15").process_fields == 3


def test_months_run_from_creation_to_deletion_and_no_further_than_data_through() -> None:
    installation = Installation("America/New_York", created="2008-01-01 04:59", deleted="2008-03-01 05:00")
    platform = {"subscribers": [installation.subscriber], **installation.rows}
    months = [month for _, month in recompute(platform, at("2008-06-01"))]
    assert months == [date(2007, 12, 1), date(2008, 1, 1), date(2008, 2, 1), date(2008, 3, 1)]
    assert [month for _, month in recompute(platform, at("2008-02-01 05:00"))] == months[:2]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2008, 2, 1), "Asia/Kathmandu", "2008-01-31 18:15"),
        (date(2023, 10, 1), "America/Asuncion", "2023-10-01 04:00"),  # the clock leaps from 24:00 to 01:00
        (date(2020, 11, 1), "America/Havana", "2020-11-01 04:00"),  # 00:00 comes twice
        (
            date(2011, 12, 30),
            "Pacific/Apia",
            "2011-12-30 10:00",
        ),  # the day that never was begins with the next
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30 10:00"),
    ],
)
def test_local_days_begin_at_their_first_instant(day: date, zone: str, instant: str) -> None:
    assert first_instant_of_local_day(day, zone) == at(instant)


def test_every_instant_lies_in_the_month_that_bounds_it() -> None:
    for zone in ("America/Havana", "America/St_Johns", "Pacific/Chatham"):
        start, end = month_bounds(date(2020, 11, 1), zone)
        assert month_of(start, zone) == month_of(end - timedelta(microseconds=1), zone) == date(2020, 11, 1)
        assert month_of(end, zone) == date(2020, 12, 1)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_but_a_lock_or_a_promotion_lowers_a_month_already_touched(seed: int) -> None:
    random = Random(seed)
    data_through = at("2026-11-10 13:37")
    rows = random_platform(seed, data_through, subscribers=30)
    before = recompute(rows, data_through)
    undone: set[int] = set()
    for user in rows["users"]:
        moment = data_through - timedelta(microseconds=random.randint(1, 10**9))
        if any(c["user_id"] == user["id"] and c["happened_at"] >= moment for c in rows["user_changes"]):
            continue
        undone.add(user["id"])
        change = random.choice(["disabled", "trashed", "purged", "unlocked", "restored", "role"])
        role = {"staff": "regular", "agent": "rep"}.get(user["type"])
        rows["user_changes"].append(
            {
                "id": 10**9 + user["id"],
                "user_id": user["id"],
                "subscriber_id": user["subscriber_id"],
                "happened_at": moment,
                "change": change if role or change != "role" else "disabled",
                "role": role if change == "role" else None,
            }
        )
    after = recompute(rows, data_through)
    assert len(undone) > 50
    for key, metrics in before.items():
        for column, users in metrics.seats.items():
            assert users <= after[key].seats[column], (key, column)


# Zone tables of machines differ for days to come.
LAST_SETTLED_YEAR = 2024


def odd_days() -> list[dict[str, str]]:
    with public_data("tz/odd_days_2008_2029.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["local_date"][:4]) <= LAST_SETTLED_YEAR]


def test_every_odd_day_begins_at_its_first_instant():
    for row in odd_days():
        zone, day = ZoneInfo(row["zone"]), date.fromisoformat(row["local_date"])
        if row["utc_first"]:
            assert day_start(day, zone) == datetime.fromisoformat(row["utc_first"]), row


def test_a_day_that_never_was_has_no_length_and_no_instant():
    apia, never = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    assert day_start(never, apia) == day_start(never + ONE_DAY, apia)
    assert local_date(day_start(never, apia), apia) == never + ONE_DAY
    assert local_date(day_start(never, apia) - SMALLEST, apia) == never - ONE_DAY


def test_months_are_clamped_to_the_last_day_on_the_zones_clock():
    berlin = ZoneInfo("Europe/Berlin")
    end_of_march = datetime(2024, 3, 31, 10, tzinfo=berlin)
    assert months_before(end_of_march, 1, berlin) == datetime(2024, 2, 29, 10, tzinfo=berlin).astimezone(UTC)


def test_of_a_midnight_that_occurs_twice_the_first_is_meant():
    havana = ZoneInfo("America/Havana")
    assert months_before(day_start(date(2020, 12, 1), havana), 1, havana) == datetime(
        2020, 11, 1, 4, tzinfo=UTC
    )
