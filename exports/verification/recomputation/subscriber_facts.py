"""One subscriber's extracted rows, and the thirteen metrics of a month that follow from them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from exports.verification.recomputation.instants import NEVER

METRICS = (
    "super_users",
    "enabled_staff",
    "active_staff",
    "enabled_managers",
    "active_managers",
    "enabled_reps",
    "active_reps",
    "concurrent_max",
    "concurrent_max_at",
    "logon_minutes",
    "file_limit_mb",
    "commission_items",
    "process_fields",
)
NOTHING: tuple[Any, ...] = (0,) * 8 + (None, 0, None, 0, 0)
_MINUTE = 60_000_000
_FIRST_ROLE = {"staff": "regular", "agent": "rep"}
_CHANGES = {"created", "enabled", "disabled", "locked", "unlocked", "trashed", "restored", "purged", "role"}
_ROLES = {"super", "regular", "manager", "rep", "manager+rep"}
_LIMIT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,6})?")
Span = tuple[int, int]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Choices:
    """What an installation may choose: see `vars` in dbt_project/dbt_project.yml."""

    session_timeout_minutes: int = 30
    lock_counts_for_agents: bool = True


class _State(NamedTuple):
    subscriber_id: int
    exists: bool
    enabled: bool
    locked: bool
    role: str


class _Change(NamedTuple):
    at: int
    id: int
    word: str
    role: str
    subscriber_id: int


@dataclass
class _User:
    type: str
    created_at: int
    subscriber_id: int
    changes: list[_Change] = field(default_factory=list[_Change])

    def states(self) -> list[tuple[int, int, _State]]:
        """Each state with the instants from and up to which it held; one replaced at once never was."""
        default = _State(self.subscriber_id, False, True, False, _FIRST_ROLE.get(self.type, ""))
        changes = sorted(self.changes)
        if not any(change.word == "created" for change in changes):
            owner = changes[0].subscriber_id if changes else self.subscriber_id
            changes = sorted([*changes, _Change(self.created_at, 0, "created", "", owner)])
        at_instant: dict[int, _State] = {}
        state = default
        for change in changes:
            state = _after(state, change, default)
            at_instant[change.at] = state
        return _held(at_instant)


def _after(state: _State, change: _Change, default: _State) -> _State:
    state = state._replace(subscriber_id=change.subscriber_id)
    match change.word:
        case "created":
            # created again after it was purged: nothing of the earlier life remains
            new = state if state.exists else default._replace(subscriber_id=change.subscriber_id)
            return new._replace(exists=True)
        case "purged":
            return state._replace(exists=False)
        case "enabled" | "disabled":
            return state._replace(enabled=change.word == "enabled")
        case "locked" | "unlocked":
            return state._replace(locked=change.word == "locked")
        case "role":
            return state._replace(role=change.role)
        case _:
            return state


def _held(at_instant: dict[int, Value]) -> list[tuple[int, int, Value]]:
    """Each value with the instants from and up to which it held."""
    instants = sorted(at_instant)
    return [
        (since, instants[position + 1] if position + 1 < len(instants) else NEVER, at_instant[since])
        for position, since in enumerate(instants)
    ]


def _word(text: str | None) -> str:
    return (text or "").strip(" \t\n\r\f\v").lower()


class SubscriberFacts:
    """What was extracted of one subscriber: fed fact by fact, then asked month by month."""

    def __init__(self, subscriber_id: int, data_through: int, choices: Choices) -> None:
        self._subscriber_id, self._data_through, self._choices = subscriber_id, data_through, choices
        self._users: dict[int, _User] = {}
        self._changes: dict[int, list[_Change]] = defaultdict(list)
        self._logons: list[tuple[int, int, int, bool]] = []
        self._settings: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        self._runs: list[tuple[int, int]] = []
        self._items: dict[int, list[int]] = defaultdict(list)
        self._fields: list[tuple[int, int, int]] = []
        self._forms: dict[int, Span] = {}

    def add(self, row: tuple[Any, ...]) -> None:
        """Take a row of `facts` in subscriber_months.sql; what cannot be understood stands for nothing."""
        _, fact, id_, owner, first, second, third, word, detail, carried = row
        match fact:
            case "user":
                self._users[id_] = _User(_word(word), first, carried, self._changes[id_])
            case "change" if _word(word) in _CHANGES and (_word(word) != "role" or _word(detail) in _ROLES):
                self._changes[owner].append(_Change(first, id_, _word(word), _word(detail), carried))
            case "logon":
                seen_until = min(second + self._choices.session_timeout_minutes * _MINUTE, NEVER)
                # a logoff that lies ahead has not happened yet
                ended = third if third is not None and third <= self._data_through else seen_until
                until = min(ended, self._data_through)
                self._logons.append((first, max(first, until), owner, word is not None))
            case "setting":
                self._settings[_word(word)].append((first, id_, _word(detail)))
            case "run":
                self._runs.append((first, id_))
            case "item":
                self._items[owner].append(first)
            case "field":
                self._fields.append((first, NEVER if second is None else second, owner))
            case "form":
                self._forms[id_] = (first, NEVER if second is None else second)
            case _:
                pass

    def metrics(self, months: Sequence[Span]) -> list[tuple[Any, ...]]:
        """The metrics of each month, given as [start, end), in the order of METRICS."""
        states = {user_id: user.states() for user_id, user in self._users.items()}
        starts = [start for start, _ in months]
        begun: list[set[int]] = [set() for _ in months]
        online: list[dict[int, list[Span]]] = [defaultdict(list) for _ in months]
        for since, until, user_id, was_locked in self._logons:
            for position in range(max(bisect_right(starts, since) - 1, 0), len(months)):
                start, end = months[position]
                known_until = min(end, self._data_through)
                if start > until:
                    break
                if start <= since < known_until:
                    begun[position].add(user_id)
                if not was_locked and max(since, start) < min(until, known_until):
                    online[position][user_id].append((max(since, start), min(until, known_until)))
        return [
            (
                *self._seats(states, begun[position], start, min(end, self._data_through)),
                *_concurrency_and_minutes(online[position].values()),
                self._file_limit(start, min(end, self._data_through)),
                self._commission_items(min(end, self._data_through)),
                self._process_fields(min(end, self._data_through)),
            )
            for position, (start, end) in enumerate(months)
        ]

    def _seats(
        self,
        states: dict[int, list[tuple[int, int, _State]]],
        begun: set[int],
        start: int,
        known_until: int,
    ) -> tuple[int, ...]:
        counts: dict[str, int] = dict.fromkeys(METRICS[:7], 0)
        for user_id, timeline in states.items():
            type_ = self._users[user_id].type
            held = [
                state
                for since, until, state in timeline
                if since < known_until
                and until > start
                and state.exists
                and state.subscriber_id == self._subscriber_id
            ]
            lock_counts = type_ == "staff" or self._choices.lock_counts_for_agents
            if not held or (lock_counts and any(state.locked for state in held)):
                continue
            roles = {state.role for state in held}
            if type_ == "staff":
                seat = "super_users" if "super" in roles else "staff"
            elif type_ == "agent":
                seat = "managers" if roles & {"manager", "manager+rep"} else "reps"
            else:
                continue
            if seat == "super_users":
                counts[seat] += 1
            else:
                counts[f"enabled_{seat}"] += any(state.enabled for state in held)
                counts[f"active_{seat}"] += user_id in begun
        return tuple(counts.values())

    def _in_force(self, setting: str) -> list[tuple[int, int, str]]:
        """The setting's values, from and up to when each held; what is no value never was."""
        at_instant: dict[int, str] = {}
        for at, _, value in sorted(self._settings[setting]):
            if _LIMIT.fullmatch(value) if setting == "file_limit_mb" else value in ("on", "off"):
                at_instant[at] = value
        return _held(at_instant)

    def _file_limit(self, start: int, known_until: int) -> Decimal | None:
        limits = [
            Decimal(value)
            for since, until, value in self._in_force("file_limit_mb")
            if since < known_until and until > start
        ]
        return max(limits, default=None)

    def _is_on(self, module: str, known_until: int) -> bool:
        return any(
            value == "on" for since, until, value in self._in_force(module) if since < known_until <= until
        )

    def _commission_items(self, known_until: int) -> int:
        closed = [run for run in self._runs if run[0] < known_until]
        if not closed or not self._is_on("commission_module", known_until):
            return 0
        return sum(created_at < known_until for created_at in self._items[max(closed)[1]])

    def _process_fields(self, known_until: int) -> int:
        if not self._is_on("process_module", known_until):
            return 0
        forms = {id_ for id_, form in self._forms.items() if form[0] < known_until <= form[1]}
        return sum(
            created_at < known_until <= trashed_at and form_id in forms
            for created_at, trashed_at, form_id in self._fields
        )


def _concurrency_and_minutes(users: Iterable[list[Span]]) -> tuple[int, int | None, int]:
    """Most users at once, the first such instant, and the whole minutes of all users together."""
    steps: list[tuple[int, int]] = []
    total = 0
    for spans in users:
        spans.sort()
        since, until = spans[0]
        for next_since, next_until in spans[1:]:
            if next_since > until:
                steps += [(since, 1), (until, -1)]
                total += until - since
                since = next_since
            until = max(until, next_until)
        steps += [(since, 1), (until, -1)]
        total += until - since
    most, first_at, now = 0, None, 0
    # who leaves at an instant is gone before who comes at it is counted
    for at, step in sorted(steps):
        now += step
        if now > most:
            most, first_at = now, at
    return most, first_at, total // _MINUTE
