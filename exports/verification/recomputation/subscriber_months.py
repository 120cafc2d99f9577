"""Subscriber-months recomputed from raw and compared: live ones as shown, closed ones with restatements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg

from exports.snapshot import reading, statements
from exports.verification.comparison import EVERYTHING, Comparison, Rotation
from exports.verification.recomputation.instants import (
    EPOCH,
    NEVER,
    LocalClock,
    instant_of,
    known_zones,
    months_between,
    next_month,
    number_of,
)
from exports.verification.recomputation.raw_tables import PACKAGE, Progress, data_through, quietly, stream
from exports.verification.recomputation.subscriber_facts import METRICS, NOTHING, Choices, SubscriberFacts

NAME, UNIT = "subscriber-months recomputed from raw", "subscriber-months"
# How many a night takes of an installation too large to take all: some 200,000 logons of a large one.
NIGHTLY_BOUND = 1_000
_MARGIN = timedelta(days=70)
_RECOMPUTED = "recomputed from raw: "
_STATEMENTS = statements(PACKAGE, "subscriber_months")


@dataclass(frozen=True)
class _Month:
    month: date
    start: int
    end: int
    is_closed: bool
    in_lifetime: bool


@dataclass
class _Recomputation:
    connection: psycopg.Connection[Any]
    data_through: datetime
    rotation: Rotation
    clocks: dict[str, LocalClock] = field(default_factory=dict[str, LocalClock])

    def __post_init__(self) -> None:
        self.until = number_of(self.data_through)
        self.zones = known_zones(self.connection)
        first = self.connection.execute(
            "select least((select min(created_at) from raw_platform.subscribers where isfinite(created_at)),"
            " (select min(month_start_at) from closed.subscriber_metrics_monthly))"
        ).fetchone()
        self.first = (first[0] if first else None) or self.data_through

    def clock(self, time_zone: str) -> LocalClock:
        if time_zone not in self.clocks:
            self.clocks[time_zone] = LocalClock.read(
                self.connection, time_zone, self.first - _MARGIN, self.data_through + _MARGIN
            )
        return self.clocks[time_zone]

    def chosen(self) -> Iterator[tuple[int, list[_Month]]]:
        """The months of this slice, by subscriber in order of id; subscribers without any are left out."""
        for row in stream(self.connection, _STATEMENTS["subscribers"], batch_rows=500):
            months = [month for month in self._months(row) if self.rotation.takes(row[0], month.month)]
            if months:
                yield row[0], months

    def _months(self, row: tuple[Any, ...]) -> Iterator[_Month]:
        """A subscriber's months: closed ones as they were cut then, open ones to the end of its life."""
        _, source_zone, created_at, deleted_at, closed_months, closed_starts, closed_ends = row
        zone = self.zones.get((source_zone or "").strip().lower())
        last_known = min(NEVER if deleted_at is None else deleted_at, self.until - 1)
        lives = zone is not None and created_at < self.until
        for month, start, end in zip(closed_months, closed_starts, closed_ends, strict=True):
            yield _Month(month, start, end, True, lives and created_at < end and last_known >= start)
        if not lives or zone is None:
            return
        clock = self.clock(zone)
        first = clock.month_of(max(created_at, number_of(self.first)))
        open_from = next_month(closed_months[-1]) if closed_months else first
        for month in months_between(open_from, clock.month_of(last_known)):
            is_next = bool(closed_months) and month == open_from
            start = closed_ends[-1] if is_next else clock.day_start(month)
            end = max(start, clock.day_start(next_month(month)))
            yield _Month(month, start, end, False, month >= first)


def recompute_subscriber_months(
    connection: psycopg.Connection[Any],
    as_of: datetime | None,
    choices: Choices,
    progress: Progress = quietly,
) -> Comparison:
    """Recompute the slice of the night of `as_of`, or every subscriber-month where it is None.

    The connection must be idle. One subscriber's rows are held at a time. Raises NotReady where something it
    reads was never built.
    """
    comparison = Comparison(NAME, UNIT)
    with reading(connection):
        through = data_through(connection, "platform", comparison)
        if through is not None:
            _recompute(connection, through, as_of, choices, comparison, progress)
    return comparison


def _recompute(
    connection: psycopg.Connection[Any],
    through: datetime,
    as_of: datetime | None,
    choices: Choices,
    comparison: Comparison,
    progress: Progress,
) -> None:
    rotation = _rotation(connection, as_of)
    comparison.nights = rotation.nights
    made = _Recomputation(connection, through, rotation)
    asked = [(id_, months[0].start, max(month.end for month in months)) for id_, months in made.chosen()]
    parameters = {
        "subscriber_ids": [id_ for id_, _, _ in asked],
        "from_ats": [instant_of(start) for _, start, _ in asked],
        "until_ats": [instant_of(end) for _, _, end in asked],
        "session_timeout_minutes": choices.session_timeout_minutes,
    }
    facts = _Groups(stream(connection, _STATEMENTS["facts"], parameters))
    stored = _Groups(stream(connection, _STATEMENTS["stored"], batch_rows=2_000))
    for subscriber_id, months in made.chosen():
        _name_unfounded(comparison, rotation, stored.before(subscriber_id))
        subscriber = SubscriberFacts(subscriber_id, made.until, choices)
        for row in facts.of(subscriber_id):
            subscriber.add(row)
        recomputed = subscriber.metrics([(month.start, month.end) for month in months])
        held = {row[1]: row for row in stored.of(subscriber_id)}
        for month, metrics in zip(months, recomputed, strict=True):
            known = metrics if month.in_lifetime else NOTHING
            _compare(comparison, subscriber_id, month, known, held.get(month.month))
            comparison.checked += 1
        taken = {month.month for month in months}
        _name_unfounded(comparison, rotation, (row for row in held.values() if row[1] not in taken))
        progress(NAME, comparison.checked)
    _name_unfounded(comparison, rotation, stored.before(NEVER))


def _name_unfounded(comparison: Comparison, rotation: Rotation, stored: Iterable[tuple[Any, ...]]) -> None:
    for subscriber_id, month, *_ in stored:
        if rotation.takes(subscriber_id, month):
            comparison.add(_key(subscriber_id, month), None, "no such month follows from raw")


def _rotation(connection: psycopg.Connection[Any], as_of: datetime | None) -> Rotation:
    if as_of is None:
        return EVERYTHING
    row = connection.execute("select count(*) from marts.subscriber_metrics").fetchone()
    return Rotation.of_date(as_of, row[0] if row else 0, NIGHTLY_BOUND)


class _Groups:
    """The rows of a stream in order of their first column, taken key by key in the same order."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._next = next(self._groups, None)

    def before(self, key: int) -> Iterator[tuple[Any, ...]]:
        """The rows of smaller keys that nobody took."""
        while self._next is not None and self._next[0] < key:
            yield from self._next[1]
            self._next = next(self._groups, None)

    def of(self, key: int) -> Iterator[tuple[Any, ...]]:
        """The rows of this key."""
        for _ in self.before(key):
            pass
        if self._next is not None and self._next[0] == key:
            yield from self._next[1]


def _compare(
    comparison: Comparison, subscriber_id: int, month: _Month, known: tuple[Any, ...], row: Any
) -> None:
    key = _key(subscriber_id, month.month)
    if row is None:
        comparison.add(key, None, "follows from raw and is not among the subscriber metrics")
        return
    _, _, is_closed, *stored, restatements = row
    restated_by: Mapping[str, tuple[str, str | None]] = restatements or {}
    for metric, value, now in zip(METRICS, stored, known, strict=True):
        if not is_closed:
            if value != now:
                comparison.add(key, f"{metric} {_shown(metric, value)}", _RECOMPUTED + _shown(metric, now))
            continue
        difference, value_now = restated_by.get(metric, ("0", None))
        last_known = _text(metric, value) if metric not in restated_by else value_now
        if _number(metric, value) + Decimal(difference) != _number(metric, now) or last_known != _text(
            metric, now
        ):
            restated = f", restated by {difference} to {value_now or 'none'}" if Decimal(difference) else ""
            shown = f"{metric} closed as {_shown(metric, value)}{restated}"
            comparison.add(key, shown, _RECOMPUTED + _shown(metric, now))


def _key(subscriber_id: int, month: date) -> str:
    return f"subscriber {subscriber_id}, month {month:%Y-%m}"


def _number(metric: str, value: Any) -> Decimal:
    """The number that the ledger takes differences of: seconds since 1970 for an instant, 0 for no value."""
    if value is None:
        return Decimal(0)
    if metric == "concurrent_max_at":
        return Decimal(value) / 1_000_000 + int(EPOCH.timestamp())
    return Decimal(value)


def _text(metric: str, value: Any) -> str | None:
    """The value as the ledger writes it."""
    if value is None:
        return None
    if metric == "concurrent_max_at":
        return f"{instant_of(value):%Y-%m-%dT%H:%M:%S.%fZ}"
    return format(_trimmed(value), "f") if isinstance(value, Decimal) else str(value)


def _trimmed(value: Decimal) -> Decimal:
    return value.normalize() if value else Decimal(0)


def _shown(metric: str, value: Any) -> str:
    return _text(metric, value) or "none"
