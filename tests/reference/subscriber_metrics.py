"""Subscriber metrics recomputed from source rows: plain, slow, and sharing nothing with the warehouse's SQL.

Rows are dicts as the platform's tables have them. All instants are UTC; every interval is half-open.
A logon of a user the platform does not know counts for time and concurrency; a seat such a user has none.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.reference.local_time import (
    first_instant_of_local_day,
    month_bounds,
    month_of,
    months_between,
    next_month,
)

Row = Mapping[str, Any]
Platform = Mapping[str, Iterable[Row]]
Span = tuple[datetime, datetime]

SEAT_COLUMNS = (
    "super_users",
    "enabled_staff",
    "active_staff",
    "enabled_managers",
    "active_managers",
    "enabled_reps",
    "active_reps",
)
METRICS = (
    *SEAT_COLUMNS,
    *("concurrent_max", "concurrent_max_at", "logon_minutes", "file_limit_mb"),
    *("commission_items", "process_fields"),
)
CHANGES = ("created", "enabled", "disabled", "locked", "unlocked", "trashed", "restored", "purged")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class UserState:
    """What a user is at an instant, and to whom it belongs."""

    subscriber_id: int
    exists: bool = False
    enabled: bool = True
    locked: bool = False
    role: str = ""


@dataclass(frozen=True)
class MonthlyMetrics:
    """One subscriber's month: the thirteen metrics, and who stands behind them."""

    subscriber_id: int
    month: date
    month_start_at: datetime
    month_end_at: datetime
    known_until: datetime
    super_users: int
    enabled_staff: int
    active_staff: int
    enabled_managers: int
    active_managers: int
    enabled_reps: int
    active_reps: int
    concurrent_max: int
    concurrent_max_at: datetime | None
    logon_minutes: int
    file_limit_mb: Decimal | None
    commission_items: int
    process_fields: int
    seats: dict[str, frozenset[int]]
    users_at_peak: frozenset[int]
    online_by_user: dict[int, timedelta]

    @property
    def is_over(self) -> bool:
        """Whether the month's end is known to have passed."""
        return self.known_until == self.month_end_at


def recompute(
    platform: Platform, data_through: datetime, session_timeout: timedelta = timedelta(minutes=30)
) -> dict[tuple[int, date], MonthlyMetrics]:
    """Return the metrics of every subscriber and month that began before `data_through`."""
    found: dict[tuple[int, date], MonthlyMetrics] = {}
    changes_of: dict[int, list[Row]] = defaultdict(list)
    for change in platform["user_changes"]:
        changes_of[change["user_id"]].append(change)
    timelines = {user["id"]: user_timeline(user, changes_of[user["id"]]) for user in platform["users"]}
    for subscriber in platform["subscribers"]:
        own = {
            table: [row for row in platform[table] if row["subscriber_id"] == subscriber["id"]]
            for table in ("logons", "subscriber_settings", "commission_runs", "process_fields")
        }
        # items go with their run, forms with their fields, users with their changes
        own |= {table: list(platform[table]) for table in ("commission_items", "process_forms")}
        own["members"] = [
            {**user, "timeline": timelines[user["id"]]}
            for user in platform["users"]
            if any(state.subscriber_id == subscriber["id"] for _, state in timelines[user["id"]])
        ]
        for month in months_of(subscriber, data_through):
            metrics = metrics_of_month(subscriber, own, month, data_through, session_timeout)
            found[subscriber["id"], month] = metrics
    return found


def months_of(subscriber: Row, data_through: datetime) -> Iterable[date]:
    """Return the months from the creation to the deletion that began before `data_through`."""
    zone = subscriber["time_zone"]
    last_known = data_through - MICROSECOND
    if subscriber["created_at"] > last_known:
        return ()
    last = min(subscriber["deleted_at"] or last_known, last_known)
    return months_between(month_of(subscriber["created_at"], zone), month_of(last, zone))


def metrics_of_month(
    subscriber: Row, own: Platform, month: date, data_through: datetime, session_timeout: timedelta
) -> MonthlyMetrics:
    """Return one month's metrics from `own`, the subscriber's rows, and its members with their timelines."""
    start, end = month_bounds(month, subscriber["time_zone"])
    known_until = min(end, data_through)
    seats = seats_of_month(subscriber["id"], own, start, known_until)
    online = online_spans(own, start, known_until, data_through, session_timeout)
    peak, peak_at, users_at_peak = highest_concurrency(online, start)
    online_by_user = {user: union_length(spans) for user, spans in online.items()}
    return MonthlyMetrics(
        subscriber_id=subscriber["id"],
        month=month,
        month_start_at=start,
        month_end_at=end,
        known_until=known_until,
        **{column: len(seats[column]) for column in SEAT_COLUMNS},
        concurrent_max=peak,
        concurrent_max_at=peak_at,
        logon_minutes=sum(online_by_user.values(), timedelta()) // timedelta(minutes=1),
        file_limit_mb=highest_file_limit(own, start, known_until),
        commission_items=items_of_last_closed_run(own, known_until),
        process_fields=fields_outside_trash(own, known_until),
        seats=seats,
        users_at_peak=users_at_peak,
        online_by_user=online_by_user,
    )


def daily_peaks(
    subscriber: Row,
    platform: Platform,
    data_through: datetime,
    session_timeout: timedelta = timedelta(minutes=30),
) -> dict[date, tuple[int, datetime | None, bool]]:
    """Return, for each local day of a subscriber's months that began before `data_through`: the most users
    online at one instant, the first such instant, and whether the day is over."""
    own = {"logons": [row for row in platform["logons"] if row["subscriber_id"] == subscriber["id"]]}
    found = {}
    for month in months_of(subscriber, data_through):
        day = month
        while day < next_month(month):
            start = first_instant_of_local_day(day, subscriber["time_zone"])
            end = first_instant_of_local_day(day + timedelta(days=1), subscriber["time_zone"])
            until = min(end, data_through)
            if start < until:
                online = online_spans(own, start, until, data_through, session_timeout)
                peak, peak_at, _ = highest_concurrency(online, start)
                found[day] = (peak, peak_at, end <= data_through)
            day += timedelta(days=1)
    return found


def user_timeline(user: Row, changes: Iterable[Row]) -> list[tuple[datetime, UserState]]:
    """Return the user's states and since when each held; changes of one instant leave one state."""
    known = [{**c, "change": word(c["change"]), "role": word(c["role"])} for c in changes]
    own = sorted(filter(is_known, known), key=lambda c: (c["happened_at"], c["id"]))
    if not any(c["change"] == "created" for c in own):
        owner = own[0]["subscriber_id"] if own else user["subscriber_id"]
        first = {"happened_at": user["created_at"], "id": 0, "change": "created", "subscriber_id": owner}
        own = sorted([first, *own], key=lambda c: (c["happened_at"], c["id"]))
    default = UserState(
        user["subscriber_id"], role={"staff": "regular", "agent": "rep"}.get(word(user["type"]), "")
    )
    state = default
    states: dict[datetime, UserState] = {}
    for change in own:
        if change["change"] == "created" and not state.exists:
            state = default
        state = replace(state_after(state, change), subscriber_id=change["subscriber_id"])
        states[change["happened_at"]] = state
    return sorted(states.items(), key=lambda entry: entry[0])


def word(text: str | None) -> str:
    """Return a word of the source as it is compared: without blanks around it, in lower case."""
    return (text or "").strip(" \t\n\r\f\v").lower()


def is_known(change: Row) -> bool:
    """Return whether a change can be read; one of an unknown word is set aside."""
    if change["change"] == "role":
        return change["role"] in ("super", "regular", "manager", "rep", "manager+rep")
    return change["change"] in CHANGES


def state_after(state: UserState, change: Row) -> UserState:
    """Return the state that one change makes of another; the trash alters nothing that is counted."""
    match change["change"]:
        case "created":
            return replace(state, exists=True)
        case "purged":
            return replace(state, exists=False)
        case "enabled":
            return replace(state, enabled=True)
        case "disabled":
            return replace(state, enabled=False)
        case "locked":
            return replace(state, locked=True)
        case "unlocked":
            return replace(state, locked=False)
        case "role":
            return replace(state, role=change["role"])
        case "trashed" | "restored":
            return state
        case unknown:
            raise AssertionError(f"unknown change {unknown}")


def states_during(
    timeline: list[tuple[datetime, UserState]], start: datetime, end: datetime
) -> list[UserState]:
    """Return the states that held at some moment of `[start, end)` while the user existed."""
    found = []
    for position, (since, state) in enumerate(timeline):
        until = timeline[position + 1][0] if position + 1 < len(timeline) else None
        if state.exists and since < end and (until is None or until > start):
            found.append(state)
    return found


def seats_of_month(
    subscriber_id: int, own: Platform, start: datetime, end: datetime
) -> dict[str, frozenset[int]]:
    """Return the ids of the users counted in each seat column in `[start, end)`, by their states there."""
    seats: dict[str, set[int]] = {column: set() for column in SEAT_COLUMNS}
    for user in own["members"]:
        states = [
            state
            for state in states_during(user["timeline"], start, end)
            if state.subscriber_id == subscriber_id
        ]
        kind = kind_of_seat(word(user["type"]), states)
        if kind == "super":
            seats["super_users"].add(user["id"])
        elif kind is not None:
            if any(state.enabled for state in states):
                seats[f"enabled_{kind}"].add(user["id"])
            if any(
                row["user_id"] == user["id"] and start <= row["logged_on_at"] < end for row in own["logons"]
            ):
                seats[f"active_{kind}"].add(user["id"])
    return {column: frozenset(users) for column, users in seats.items()}


def kind_of_seat(user_type: str, states: list[UserState]) -> str | None:
    """Return super, staff, managers or reps, or None for a user that is in no count of the month."""
    if not states or any(state.locked for state in states):
        return None
    roles = {state.role for state in states}
    if user_type == "staff":
        return "super" if "super" in roles else "staff"
    if user_type == "agent":
        return "managers" if roles & {"manager", "manager+rep"} else "reps"
    return None


def session_end(logon: Row, data_through: datetime, session_timeout: timedelta) -> datetime:
    """Return when a session ended: its logoff if that has happened, else its time-out or `data_through`."""
    end = logon["logged_off_at"]
    if end is None or end > data_through:
        end = logon["last_seen_at"] + session_timeout
    return min(end, data_through)


def online_spans(
    own: Platform, start: datetime, end: datetime, data_through: datetime, session_timeout: timedelta
) -> dict[int, list[Span]]:
    """Return each user's sessions within `[start, end)`, without those begun under a lock or of no length."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for logon in own["logons"]:
        if logon["locked_at_logon"]:
            continue
        since = max(logon["logged_on_at"], start)
        until = min(session_end(logon, data_through, session_timeout), end)
        if since < until:
            spans[logon["user_id"]].append((since, until))
    return dict(spans)


def highest_concurrency(
    online: Mapping[int, list[Span]], start: datetime
) -> tuple[int, datetime | None, frozenset[int]]:
    """Return the most users online at one instant, the first such instant (None if nobody was), and who."""
    instants = sorted({start} | {since for spans in online.values() for since, _ in spans})
    peak, peak_at, present = 0, None, frozenset[int]()
    for instant in instants:
        users = frozenset(
            user for user, spans in online.items() if any(since <= instant < until for since, until in spans)
        )
        if len(users) > peak:
            peak, peak_at, present = len(users), instant, users
    return peak, peak_at, present


def union_length(spans: list[Span]) -> timedelta:
    """Return how much time the spans cover together."""
    edges = sorted({edge for span in spans for edge in span})
    return sum(
        (
            right - left
            for left, right in pairwise(edges)
            if any(since <= left and right <= until for since, until in spans)
        ),
        timedelta(),
    )


def setting_timeline(own: Platform, setting: str, before: datetime) -> list[tuple[datetime, str]]:
    """Return the setting's values with the instant from which each holds, as far as set before an instant.

    What is no file limit, and a module neither on nor off, is set aside: the value before stays in force.
    """
    values: dict[datetime, str] = {}
    for row in sorted(own["subscriber_settings"], key=lambda row: (row["happened_at"], row["id"])):
        value = word(row["value"])
        is_readable = is_number(value) if setting == "file_limit_mb" else value in ("on", "off")
        if word(row["setting"]) == setting and row["happened_at"] < before and is_readable:
            values[row["happened_at"]] = value
    return list(values.items())


def module_is_on(own: Platform, module: str, as_of: datetime) -> bool:
    """Return whether the module was on just before `as_of`; it is off until set."""
    values = setting_timeline(own, module, as_of)
    return bool(values) and values[-1][1] == "on"


def highest_file_limit(own: Platform, start: datetime, end: datetime) -> Decimal | None:
    """Return the highest limit in MB in force at a moment of `[start, end)`, None if none was ever set."""
    values = setting_timeline(own, "file_limit_mb", end)
    in_force = []
    for position, (_, value) in enumerate(values):
        if position + 1 == len(values) or values[position + 1][0] > start:
            in_force.append(value)
    return max((Decimal(value) for value in in_force), default=None)


def is_number(value: str) -> bool:
    """Return whether a setting's value is a number; any other value can be no file limit."""
    return re.fullmatch(r"\d+(\.\d+)?", value) is not None


def items_of_last_closed_run(own: Platform, as_of: datetime) -> int:
    """Return the items of the run closed last, as they were just before `as_of`; 0 with the module off."""
    if not module_is_on(own, "commission_module", as_of):
        return 0
    closed = [
        run for run in own["commission_runs"] if run["closed_at"] is not None and run["closed_at"] < as_of
    ]
    if not closed:
        return 0
    last = max(closed, key=lambda run: (run["closed_at"], run["id"]))
    return sum(
        1 for item in own["commission_items"] if item["run_id"] == last["id"] and item["created_at"] < as_of
    )


def fields_outside_trash(own: Platform, as_of: datetime) -> int:
    """Return the process fields just before `as_of`, those in the trash left out; 0 with the module off."""
    if not module_is_on(own, "process_module", as_of):
        return 0

    def stands(row: Row) -> bool:
        return row["created_at"] < as_of and (row["trashed_at"] is None or row["trashed_at"] >= as_of)

    forms = {form["id"] for form in own["process_forms"] if stands(form)}
    return sum(1 for field in own["process_fields"] if field["form_id"] in forms and stands(field))
