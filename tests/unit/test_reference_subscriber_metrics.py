"""The plain recomputation itself, against cases small enough to count by hand, many of them the seed's."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.reference.local_months import first_instant_of_local_day, month_bounds, month_of
from tests.reference.random_platform import random_platform
from tests.reference.subscriber_metrics import MonthlyMetrics, recompute

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


class House:
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
    house = House()
    user = house.user()
    house.logon(user, "2008-01-03 09:00", "2008-01-03 10:00")
    house.change(user, "2008-01-10", "role", "super")
    assert seats(house.month()) == {"super_users": 1}


@pytest.mark.parametrize("undoing", [["role"], ["disabled"], ["trashed"], ["trashed", "purged"]])
def test_super_user_stays_counted_whatever_follows_but_a_lock(undoing: list[str]) -> None:
    house = House()
    user = house.user()
    house.change(user, "2008-01-10", "role", "super")
    for change in undoing:
        house.change(user, "2008-01-11", change, "regular" if change == "role" else None)
    assert seats(house.month()) == {"super_users": 1}
    house.change(user, "2008-01-12", "locked")
    assert seats(house.month()) == ({"super_users": 1} if "purged" in undoing else {})


def test_user_disabled_or_deleted_before_the_count_is_still_counted() -> None:
    house = House()
    house.change(house.user(), "2008-01-02", "disabled")
    house.change(house.user("agent"), "2008-01-02", "purged")
    assert seats(house.month()) == {"enabled_staff": 1, "enabled_reps": 1}
    assert seats(house.month(FEBRUARY)) == {}


def test_user_disabled_all_month_is_active_but_not_enabled_when_logged_on() -> None:
    house = House()
    user = house.user()
    house.change(user, "2007-12-31", "disabled")
    assert seats(house.month()) == {}
    house.logon(user, "2008-01-31 23:59", "2008-02-01 08:00")
    assert seats(house.month()) == {"active_staff": 1}
    assert seats(house.month(FEBRUARY)) == {}


def test_lock_removes_from_every_count_until_the_next_month() -> None:
    house = House()
    user = house.user()
    house.logon(user, "2008-01-02 09:00", "2008-01-02 10:00")
    house.change(user, "2008-01-10", "locked")
    house.change(user, "2008-01-11", "unlocked")
    assert seats(house.month()) == {}
    assert seats(house.month(FEBRUARY)) == {"enabled_staff": 1}
    assert house.month().logon_minutes == 60


def test_lock_carried_in_counts_and_one_lifted_at_the_first_instant_does_not() -> None:
    house = House()
    user = house.user("agent")
    house.change(user, "2007-12-30", "locked")
    house.change(user, "2008-02-01", "unlocked")
    assert seats(house.month()) == {}
    assert seats(house.month(FEBRUARY)) == {"enabled_reps": 1}


def test_state_replaced_within_its_instant_never_was() -> None:
    house = House()
    user = house.user()
    house.change(user, "2008-01-10", "locked")
    house.change(user, "2008-01-10", "role", "super")
    house.change(user, "2008-01-10", "unlocked")
    house.change(user, "2008-01-10", "role", "regular")
    assert seats(house.month()) == {"enabled_staff": 1}


def test_purged_at_the_first_instant_is_not_carried_in_but_trash_is() -> None:
    house = House()
    house.change(house.user(), "2008-01-01", "purged")
    house.change(house.user(), "2007-12-30", "trashed")
    assert seats(house.month()) == {"enabled_staff": 1}


def test_agent_who_is_manager_and_rep_counts_once_as_manager() -> None:
    house = House()
    first, second = house.user("agent"), house.user("agent")
    house.change(first, "2008-01-10", "role", "manager")
    house.change(first, "2008-01-11", "role", "rep")
    house.change(second, "2007-12-25", "role", "manager+rep")
    house.logon(first, "2008-01-02 10:00", "2008-01-02 11:00")
    assert seats(house.month()) == {"enabled_managers": 2, "active_managers": 1}
    assert seats(house.month(FEBRUARY)) == {"enabled_managers": 1, "enabled_reps": 1}


def test_customer_users_take_no_seat_but_are_online() -> None:
    house = House()
    house.logon(house.user("customer"), "2008-01-02 10:00", "2008-01-02 10:02:59")
    metrics = house.month()
    assert (seats(metrics), metrics.concurrent_max, metrics.logon_minutes) == ({}, 1, 2)


def test_peak_is_the_first_of_its_height_and_a_handover_is_no_overlap() -> None:
    house = House()
    first, second, third = (house.user() for _ in range(3))
    house.logon(first, "2008-01-02 10:00", "2008-01-02 11:00")
    house.logon(second, "2008-01-02 11:00", "2008-01-02 12:00")
    house.logon(first, "2008-01-03 10:00", "2008-01-03 11:00")
    house.logon(first, "2008-01-03 10:10", "2008-01-03 11:30")
    house.logon(second, "2008-01-03 10:30", "2008-01-03 11:00")
    house.logon(third, "2008-01-03 11:00", "2008-01-03 11:05")
    metrics = house.month()
    assert (metrics.concurrent_max, metrics.concurrent_max_at) == (2, at("2008-01-03 10:30"))
    assert metrics.users_at_peak == {first, second}
    assert metrics.logon_minutes == 60 + 60 + 90 + 30 + 5


def test_users_online_over_midnight_form_the_next_months_first_value() -> None:
    house = House()
    house.logon(house.user(), "2008-01-31 23:00", "2008-02-01 02:00")
    assert house.month().logon_minutes == 60
    february = house.month(FEBRUARY)
    assert (february.concurrent_max, february.concurrent_max_at) == (1, at("2008-02-01"))
    assert (february.logon_minutes, seats(february)) == (120, {"enabled_staff": 1})


def test_lock_at_logon_decides_for_time_and_concurrency() -> None:
    house = House()
    user = house.user()
    house.logon(user, "2008-01-02 10:00", "2008-01-02 11:00", locked=True)
    metrics = house.month()
    assert (metrics.concurrent_max, metrics.concurrent_max_at, metrics.logon_minutes) == (0, None, 0)


def test_session_without_logoff_ends_half_an_hour_after_last_seen_or_at_data_through() -> None:
    house = House()
    house.logon(house.user(), "2008-01-02 10:00", None, seen="2008-01-02 10:20")
    assert house.month().logon_minutes == 50
    assert house.month(data_through="2008-01-02 10:35").logon_minutes == 35


@pytest.mark.parametrize("until", ["2008-01-02 10:00", "2008-01-02 09:00"])
def test_session_of_no_length_is_a_logon_but_never_online(until: str) -> None:
    house = House()
    house.logon(house.user(), "2008-01-02 10:00", until)
    metrics = house.month()
    assert seats(metrics) == {"enabled_staff": 1, "active_staff": 1}
    assert (metrics.concurrent_max, metrics.logon_minutes) == (0, 0)


def test_seconds_of_all_users_are_summed_before_rounding_down() -> None:
    house = House()
    house.logon(house.user(), "2008-01-02 10:00:00", "2008-01-02 10:00:30.000001")
    house.logon(house.user(), "2008-01-02 11:00:00", "2008-01-02 11:00:29.999998")
    assert house.month().logon_minutes == 0
    house.logon(house.user(), "2008-01-02 12:00:00", "2008-01-02 12:00:00.000001")
    assert house.month().logon_minutes == 1


def test_highest_file_limit_in_force_at_any_moment_of_the_month() -> None:
    house = House()
    assert house.month().file_limit_mb is None
    house.setting("2007-12-20", "file_limit_mb", "900")
    house.setting("2008-01-01", "file_limit_mb", "100")
    house.setting("2008-01-05", "file_limit_mb", "700")
    house.setting("2008-01-05", "file_limit_mb", "200")
    house.setting("2008-02-01", "file_limit_mb", "300")
    assert (house.month().file_limit_mb, house.month(FEBRUARY).file_limit_mb) == (200, 300)
    house.setting("2008-02-20", "file_limit_mb", "50")
    assert house.month(FEBRUARY).file_limit_mb == 300
    house.setting("2008-01-20", "file_limit_mb", "plenty")
    assert (house.month().file_limit_mb, house.month(FEBRUARY).file_limit_mb) == (200, 300)


def test_items_are_of_the_run_closed_last_and_none_while_the_module_is_off() -> None:
    house = House()
    for closed, items in (("2008-01-05", 3), ("2008-01-20", 2), ("2008-02-01", 5), (None, 7)):
        run = house.add("commission_runs", closed_at=at(closed) if closed else None)
        for _ in range(items):
            house.add("commission_items", run_id=run, created_at=at("2008-01-01"))
    assert house.month().commission_items == 0
    house.setting("2008-01-10", "commission_module", "on")
    house.setting("2008-02-10", "commission_module", "off")
    assert house.month().commission_items == 2
    assert house.month(FEBRUARY, data_through="2008-02-05").commission_items == 5
    assert house.month(FEBRUARY).commission_items == 0


def test_fields_in_the_trash_or_on_a_form_in_the_trash_do_not_count() -> None:
    house = House()
    house.setting("2007-12-20", "process_module", "on")
    kept, trashed = (
        house.add("process_forms", created_at=at("2007-12-20"), trashed_at=trash)
        for trash in (None, at("2008-01-20"))
    )
    house.add("process_fields", form_id=kept, created_at=at("2007-12-20"), trashed_at=None)
    house.add("process_fields", form_id=kept, created_at=at("2007-12-20"), trashed_at=at("2008-02-01"))
    house.add("process_fields", form_id=trashed, created_at=at("2007-12-20"), trashed_at=None)
    assert (house.month().process_fields, house.month(FEBRUARY).process_fields) == (2, 1)
    assert house.month(data_through="2008-01-15").process_fields == 3


def test_months_run_from_creation_to_deletion_and_no_further_than_data_through() -> None:
    house = House("America/New_York", created="2008-01-01 04:59", deleted="2008-03-01 05:00")
    platform = {"subscribers": [house.subscriber], **house.rows}
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
