"""The platform's subscribers, who rent seats: settings, users, logons, commissions and processes."""

import random
from dataclasses import dataclass, field

from demo.operator import names
from demo.operator.recipe import Recipe
from demo.operator.seats import Seat, seat_lives
from demo.operator.text_rows import (
    DAY,
    SECOND,
    Instant,
    add_months,
    day_of,
    line,
    local_midnight,
    time_text,
)

ZONES = (
    "UTC",
    "America/New_York",
    "America/St_Johns",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
)
PLANS = ("Enabled users", "Active users", "Concurrent users", "Minutes", "Unlimited")


@dataclass
class _Subscriber:
    id: int
    name: str
    time_zone: str
    created_at: Instant
    deleted_at: Instant | None
    ends_at: Instant


@dataclass
class PlatformRows:
    """Lines of the platform's tables, by table name."""

    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def add(self, table: str, values: tuple[str | int | None, ...]) -> None:
        """Append one row."""
        self.lines.setdefault(table, []).append(line(values))


def platform_rows(recipe: Recipe) -> PlatformRows:
    """All rows of the platform; append-only tables are numbered in order of time, as they would be."""
    rows = PlatformRows()
    draw = random.Random(f"{recipe.seed} platform")
    subscribers = [_subscriber(draw, recipe, number) for number in range(1, recipe.subscribers + 1)]
    for subscriber in subscribers:
        moved_at = subscriber.deleted_at or subscriber.created_at
        rows.add(
            "subscribers",
            (
                subscriber.id,
                subscriber.name,
                subscriber.time_zone,
                time_text(subscriber.created_at),
                time_text(moved_at),
                time_text(subscriber.deleted_at),
            ),
        )
        _add_commissions(draw, recipe, subscriber, rows)
        _add_processes(draw, subscriber, rows)
    _add_settings(draw, subscribers, rows)
    seats: list[Seat] = []
    for subscriber in subscribers:
        seats += seat_lives(
            draw, recipe.end, subscriber.id, subscriber.created_at, subscriber.ends_at, len(seats) + 1
        )
    _add_seats(seats, rows)
    _number_commission_items(rows)
    return rows


def _subscriber(draw: random.Random, recipe: Recipe, number: int) -> _Subscriber:
    span = recipe.end - recipe.start
    early = draw.random() < 0.6
    created_at = recipe.start + int(draw.random() * (10 * DAY if early else span * 0.9))
    created_at = min(created_at, recipe.end - DAY)
    deleted_at = None
    if draw.random() < 0.1:
        deleted_at = created_at + int((recipe.end - created_at) * (0.3 + 0.6 * draw.random()))
    zone = ZONES[(number - 1) % len(ZONES)]
    name = f"{names.business(draw)} {number}"
    return _Subscriber(number, name, zone, created_at, deleted_at, deleted_at or recipe.end)


def _add_settings(draw: random.Random, subscribers: list[_Subscriber], rows: PlatformRows) -> None:
    facts: list[tuple[Instant, int, str, str]] = []
    for subscriber in subscribers:
        begin, end = subscriber.created_at, subscriber.ends_at

        def later(begin: Instant = begin, end: Instant = end) -> Instant:
            return begin + int((end - begin) * draw.random())

        facts.append((begin, subscriber.id, "plan", PLANS[int(draw.random() * len(PLANS))]))
        if draw.random() < 0.9:
            facts.append((begin, subscriber.id, "file_limit_mb", str(100 * int(1 + draw.random() * 9))))
            facts += [
                (later(), subscriber.id, "file_limit_mb", str(100 * int(1 + draw.random() * 30)))
                for _ in range(int(draw.random() * 4))
            ]
        for module in ("commission_module", "process_module"):
            if draw.random() < 0.75:
                facts.append((begin + int(draw.random() * 2 * DAY), subscriber.id, module, "on"))
                if draw.random() < 0.25:
                    switched = sorted((later(), later()))
                    facts += [
                        (when, subscriber.id, module, value)
                        for when, value in zip(switched, ("off", "on"), strict=True)
                    ]
    for number, (when, subscriber_id, setting, value) in enumerate(sorted(facts), start=1):
        rows.add("subscriber_settings", (number, subscriber_id, setting, value, time_text(when)))


def _add_commissions(
    draw: random.Random, recipe: Recipe, subscriber: _Subscriber, rows: PlatformRows
) -> None:
    month = day_of(subscriber.created_at).replace(day=1)
    number = 0
    while True:
        next_month = add_months(month, 1)
        opened_at = local_midnight(next_month, subscriber.time_zone)
        if opened_at >= subscriber.ends_at:
            return
        number += 1
        run_id = subscriber.id * 1000 + number
        closed_at = opened_at + 3 * DAY + int(draw.random() * 9 * DAY)
        is_closed = closed_at < subscriber.ends_at and draw.random() < 0.95
        for _ in range(int(5 + draw.random() * 60)):
            made_at = opened_at + int(draw.random() * min(3 * DAY, subscriber.ends_at - opened_at))
            rows.add("commission_items", (made_at, run_id, subscriber.id, time_text(made_at)))
        rows.add(
            "commission_runs",
            (
                run_id,
                subscriber.id,
                month.isoformat(),
                time_text(closed_at if is_closed else None),
                time_text(closed_at if is_closed else opened_at),
            ),
        )
        month = next_month


def _number_commission_items(rows: PlatformRows) -> None:
    """Replace the instants that stand for ids by ids in their order."""
    made = sorted(rows.lines.get("commission_items", []), key=lambda text: int(text.partition("\t")[0]))
    rows.lines["commission_items"] = [
        f"{number}\t{text.partition(chr(9))[2]}" for number, text in enumerate(made, start=1)
    ]


def _add_processes(draw: random.Random, subscriber: _Subscriber, rows: PlatformRows) -> None:
    span = subscriber.ends_at - subscriber.created_at
    for form in range(1, 2 + int(draw.random() * 5)):
        form_id = subscriber.id * 100 + form
        created_at = subscriber.created_at + int(draw.random() * span * 0.8)
        trashed_at = created_at + int((subscriber.ends_at - created_at) * draw.random())
        trashed_at = trashed_at if draw.random() < 0.15 else None
        rows.add(
            "process_forms",
            (
                form_id,
                subscriber.id,
                time_text(created_at),
                time_text(trashed_at),
                time_text(trashed_at or created_at),
            ),
        )
        for place in range(1, 4 + int(draw.random() * 12)):
            made_at = min(created_at + int(draw.random() * 5 * DAY), subscriber.ends_at - SECOND)
            gone_at = made_at + int((subscriber.ends_at - made_at) * draw.random())
            gone_at = gone_at if draw.random() < 0.12 else None
            rows.add(
                "process_fields",
                (
                    form_id * 100 + place,
                    form_id,
                    subscriber.id,
                    time_text(made_at),
                    time_text(gone_at),
                    time_text(gone_at or made_at),
                ),
            )


def _add_seats(seats: list[Seat], rows: PlatformRows) -> None:
    for seat in seats:
        rows.add(
            "users",
            (
                seat.user_id,
                seat.subscriber_id,
                seat.type,
                seat.name,
                time_text(seat.created_at),
                time_text(seat.updated_at),
            ),
        )
    changes = sorted(
        (
            (change.happened_at, seat.user_id, place, seat, change)
            for seat in seats
            for place, change in enumerate(seat.changes)
        ),
        key=lambda fact: fact[:3],
    )
    for number, (when, user_id, _, seat, change) in enumerate(changes, start=1):
        rows.add(
            "user_changes",
            (number, user_id, seat.subscriber_id, time_text(when), change.change, change.role),
        )
    logons = sorted(
        ((logon.logged_on_at, seat.user_id, seat, logon) for seat in seats for logon in seat.logons),
        key=lambda fact: fact[:2],
    )
    for number, (when, user_id, seat, logon) in enumerate(logons, start=1):
        rows.add(
            "logons",
            (
                number,
                user_id,
                seat.subscriber_id,
                time_text(when),
                time_text(logon.last_seen_at),
                time_text(logon.logged_off_at),
                int(logon.locked_at_logon),
                time_text(logon.logged_off_at or logon.last_seen_at),
            ),
        )
