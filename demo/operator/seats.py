"""A subscriber's users: how they come, change role, are locked or purged, and when they log on."""

import random
from dataclasses import dataclass, field

from demo.operator import names
from demo.operator.text_rows import DAY, HOUR, SECOND, Instant

MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Change:
    """One row of a user's history."""

    happened_at: Instant
    change: str
    role: str | None = None


@dataclass(frozen=True)
class Logon:
    """One session; without a logoff the user simply went away."""

    logged_on_at: Instant
    last_seen_at: Instant
    logged_off_at: Instant | None
    locked_at_logon: bool


@dataclass
class Seat:
    """A user with everything that happened to it."""

    user_id: int
    subscriber_id: int
    type: str
    name: str
    created_at: Instant
    updated_at: Instant
    changes: list[Change] = field(default_factory=list[Change])
    logons: list[Logon] = field(default_factory=list[Logon])


def seat_lives(
    draw: random.Random,
    end: Instant,
    subscriber_id: int,
    opened_at: Instant,
    closed_at: Instant,
    first_user_id: int,
) -> list[Seat]:
    """All users of one subscriber; nothing happens at or after `closed_at`."""
    seats: list[Seat] = []
    for number in range(4 + int(draw.random() ** 2 * 30)):
        span = closed_at - opened_at
        late = 0.02 if number < 3 else 0.8
        created_at = opened_at + int(draw.random() * span * late)
        chance = draw.random()
        kind = "staff" if chance < 0.5 or number == 0 else "agent" if chance < 0.85 else "customer"
        seat = Seat(first_user_id + number, subscriber_id, kind, names.person(draw), created_at, created_at)
        seat.changes = _changes(draw, seat, closed_at, is_first=number == 0)
        seat.updated_at = max(change.happened_at for change in seat.changes)
        seat.logons = _logons(draw, seat, closed_at, end)
        seats.append(seat)
    return seats


def _changes(  # noqa: C901 - one branch per kind of change
    draw: random.Random, seat: Seat, closed_at: Instant, is_first: bool
) -> list[Change]:
    """The user's changes in order; a locked user is unlocked, a trashed one restored or purged."""
    changes = [Change(seat.created_at, "created")]
    if is_first:
        changes.append(Change(seat.created_at, "role", "super"))
    when = seat.created_at
    enabled, locked, trashed = True, False, False
    while True:
        when += int(draw.expovariate(1 / (140 * DAY))) + MINUTE
        if when >= closed_at:
            return changes
        chance = draw.random()
        if trashed:
            trashed = False
            if chance < 0.4:
                changes.append(Change(when, "purged"))
                return changes
            changes.append(Change(when, "restored"))
        elif locked and chance < 0.7:
            locked = False
            changes.append(Change(when, "unlocked"))
        elif chance < 0.25:
            enabled = not enabled
            changes.append(Change(when, "enabled" if enabled else "disabled"))
        elif chance < 0.4 and not locked:
            locked = True
            changes.append(Change(when, "locked"))
            if draw.random() < 0.2 and when + HOUR < closed_at:
                locked = False
                changes.append(Change(when + HOUR, "unlocked"))
                when += HOUR
        elif chance < 0.55:
            trashed = True
            changes.append(Change(when, "trashed"))
        elif seat.type != "customer":
            roles = ("super", "regular") if seat.type == "staff" else ("manager", "rep", "manager+rep")
            changes.append(Change(when, "role", roles[int(draw.random() * len(roles))]))


def _logons(draw: random.Random, seat: Seat, closed_at: Instant, end: Instant) -> list[Logon]:
    """The user's sessions while it exists, is enabled and not in the trash; habits differ."""
    every = (2.0, 3.0, 5.0, 10.0, 40.0)[int(draw.random() * 5)]
    logons: list[Logon] = []
    when = seat.created_at + int(draw.random() * DAY)
    while when < closed_at:
        may_log_on, locked = _state(seat, when)
        # a lock closes the door to most, but not to a session that is being taken over
        if may_log_on and (not locked or draw.random() < 0.1):
            logons.append(_session(draw, when, locked, closed_at, end))
        when += int(draw.expovariate(1 / (every * DAY))) + int(draw.random() * HOUR) + SECOND
    return logons


def _state(seat: Seat, when: Instant) -> tuple[bool, bool]:
    enabled, locked, present = True, False, True
    for change in seat.changes:
        if change.happened_at > when:
            break
        match change.change:
            case "enabled" | "disabled":
                enabled = change.change == "enabled"
            case "locked" | "unlocked":
                locked = change.change == "locked"
            case "trashed" | "purged" | "restored":
                present = change.change == "restored"
            case _:
                pass
    return enabled and present, locked


def _session(draw: random.Random, when: Instant, locked: bool, closed_at: Instant, end: Instant) -> Logon:
    chance = draw.random()
    length = 0 if chance < 0.02 else int(draw.expovariate(1 / (2.5 * HOUR)))
    ends_at = when + length
    if ends_at >= closed_at:
        # still on at the end of what is known
        seen_at = min(max(when, closed_at - 5 * MINUTE), end - SECOND)
        return Logon(when, max(when, seen_at), None, locked)
    if chance > 0.94:
        return Logon(when, ends_at, None, locked)
    last_seen_at = max(when, ends_at - int(draw.random() * 3 * MINUTE))
    return Logon(when, last_seen_at, ends_at, locked)
