"""Made-up platforms that seek out the edges: odd months, many facts at one instant, open sessions.

Everything follows from the seed. `random_platform` makes the rows as the source holds them at first,
`with_late_facts` what it holds some time later, after rows were added, changed and deleted outright.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.reference.local_time import first_instant_of_local_day, month_bounds, months_between

Rows = dict[str, list[dict[str, Any]]]

TABLES = (
    "subscribers",
    "subscriber_settings",
    "users",
    "user_changes",
    "logons",
    "commission_runs",
    "commission_items",
    "process_forms",
    "process_fields",
)
ZONES = (
    "UTC",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Europe/London",
    "Africa/Casablanca",
)
# A zone, and months of the past at whose start its clocks do something rare.
PAST_ERAS = (
    ("America/Havana", date(2020, 10, 1), date(2020, 12, 1)),  # 1 November has 00:00 twice
    ("America/Asuncion", date(2023, 9, 1), date(2023, 11, 1)),  # 1 October has no 00:00
    ("Asia/Amman", date(2022, 2, 1), date(2022, 4, 1)),
    ("Pacific/Apia", date(2011, 11, 1), date(2012, 1, 1)),  # December lacks a day
    ("Asia/Pyongyang", date(2018, 4, 1), date(2018, 6, 1)),
)
MICROSECOND = timedelta(microseconds=1)
NUDGES = (
    timedelta(),
    timedelta(),
    MICROSECOND,
    -MICROSECOND,
    timedelta(seconds=1),
    -timedelta(seconds=59),
    timedelta(minutes=30),
    -timedelta(minutes=30),
    timedelta(minutes=15),
    -timedelta(hours=3),
    timedelta(days=1),
)
LENGTHS = (
    timedelta(),
    -timedelta(minutes=5),
    MICROSECOND,
    timedelta(seconds=59),
    timedelta(minutes=1),
    timedelta(minutes=29, seconds=30),
    timedelta(minutes=90),
    timedelta(hours=7, microseconds=3),
    timedelta(days=2),
    timedelta(days=40),
)


FILE_LIMITS = ("0", "100", "200", "300", "500", "800", "1000", "99.50", "unlimited", "", " 250\n")
CHANGES = (
    *("enabled", "enabled", "disabled", "disabled", "locked", "unlocked", "trashed", "restored", "purged"),
    *("role", "role", "role", "role", "created"),
)


@dataclass
class Clock:
    """Picks instants around one subscriber's life, mostly where something else happens already."""

    random: Random
    edges: Sequence[datetime]
    first: datetime
    last: datetime
    taken: list[datetime] = field(default_factory=list)

    def pick(self) -> datetime:
        """Return an edge or nearly one, an instant picked before, or any other."""
        way = self.random.random()
        if way < 0.35:
            instant = self.random.choice(self.edges) + self.random.choice(NUDGES)
        elif way < 0.55 and self.taken:
            instant = self.random.choice(self.taken)
        else:
            instant = self.first + self.random.random() * (self.last - self.first)
            if self.random.random() < 0.7:
                instant = instant.replace(second=0, microsecond=0)
        self.taken.append(instant)
        return instant


class _Maker:
    """Adds rows to a platform, with ids and `updated_at` as the source would give them."""

    def __init__(self, random: Random, rows: Rows, updated_at: datetime) -> None:
        self.random = random
        self.rows = rows
        self.updated_at = updated_at
        self.next_id = {table: max((r["id"] for r in rows[table]), default=0) + 1 for table in TABLES}

    def add(self, table: str, **columns: Any) -> int:
        identity = self.next_id[table]
        self.next_id[table] += 1
        row = {"id": identity, **columns}
        if table not in ("user_changes", "subscriber_settings", "commission_items"):
            row["updated_at"] = self.updated_at
        self.rows[table].append(row)
        return identity

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def spelt(self, word: str, unknown: str) -> str:
        """Return the word as people type it, now and then one that nobody knows."""
        if self.chance(0.85):
            return word
        return self.random.choice((word.upper(), f" {word.title()}", f"{word}\t", f"\n{word} ", unknown))

    def subscriber(self, clock: Clock, zone: str, deleted_at: datetime | None) -> int:
        return self.add(
            "subscribers",
            name=f"Subscriber {self.next_id['subscribers']}",
            time_zone=zone,
            created_at=min(clock.pick(), clock.pick(), deleted_at or clock.last),
            deleted_at=deleted_at,
        )

    def modules(self, clock: Clock, subscriber: int) -> None:
        """Switch most modules on from the start, so that there is something to switch off."""
        for module in ("commission_module", "process_module"):
            if self.chance(0.6):
                self.add(
                    "subscriber_settings",
                    subscriber_id=subscriber,
                    setting=module,
                    value="on",
                    happened_at=clock.first,
                )

    def user(self, clock: Clock, subscriber: int) -> int:
        kind = self.spelt(self.random.choice(("staff", "staff", "agent", "agent", "customer")), "robot")
        created = min(clock.pick(), clock.pick())
        user = self.add("users", subscriber_id=subscriber, type=kind, name="A user", created_at=created)
        if self.chance(0.95):
            self.change(subscriber, user, created, "created")
        moved_at = max(created, clock.pick()) if self.chance(0.2) else None
        other = self.random.choice(self.rows["subscribers"])["id"]
        for _ in range(self.random.choice((0, 0, 1, 2, 3, 5))):
            moment = max(created, clock.pick())
            owner = subscriber if moved_at is None or moment < moved_at else other
            for _ in range(self.random.choice((1, 1, 1, 2, 3))):
                self.any_change(owner, user, kind, moment)
        if moved_at is not None:
            self.move_user(self.rows["users"][-1], other, moved_at)
        return user

    def move_user(self, user: dict[str, Any], subscriber: int, moment: datetime) -> None:
        """Add a change that carries another subscriber; now and then the user's row says nothing of it."""
        self.any_change(subscriber, user["id"], user["type"], moment)
        if self.chance(0.9):
            user.update(subscriber_id=subscriber, updated_at=self.updated_at)

    def any_change(self, subscriber: int, user: int, kind: str, moment: datetime) -> None:
        change = self.random.choice(CHANGES)
        roles = {"staff": ("super", "regular"), "agent": ("manager", "rep", "manager+rep")}.get(
            kind.strip().lower()
        )
        if change == "role" and roles is None:
            change = "enabled"
        role = self.spelt(self.random.choice(roles), "emperor") if roles and change == "role" else None
        self.change(subscriber, user, moment, self.spelt(change, "frozen"), role)

    def change(
        self, subscriber: int, user: int, moment: datetime, change: str, role: str | None = None
    ) -> None:
        self.add(
            "user_changes",
            user_id=user,
            subscriber_id=subscriber,
            happened_at=moment,
            change=change,
            role=role,
        )

    def logon(self, clock: Clock, subscriber: int, user: int) -> None:
        since = clock.pick()
        until = since + self.random.choice(LENGTHS) if self.chance(0.8) else max(since, clock.pick())
        # The next session may well begin where this one ended.
        clock.taken.append(until)
        is_open = self.chance(0.15)
        seen = until if not is_open or self.chance(0.5) else since
        for _ in range(1 if self.chance(0.97) else 2):
            self.add(
                "logons",
                user_id=user,
                subscriber_id=subscriber,
                logged_on_at=since,
                last_seen_at=seen,
                logged_off_at=None if is_open else until,
                locked_at_logon=self.chance(0.12),
            )

    def setting(self, clock: Clock, subscriber: int) -> None:
        setting = self.random.choice(("file_limit_mb", "commission_module", "process_module", "plan"))
        moment = clock.pick()
        for _ in range(self.random.choice((1, 1, 2))):
            value = {"file_limit_mb": self.random.choice(FILE_LIMITS), "plan": "minutes"}.get(
                setting, self.spelt(self.random.choice(("on", "on", "off")), "yes")
            )
            self.add(
                "subscriber_settings",
                subscriber_id=subscriber,
                setting=self.spelt(setting, "colour"),
                value=value,
                happened_at=moment,
            )

    def commission_run(self, clock: Clock, subscriber: int) -> None:
        closed = clock.pick() if self.chance(0.8) else None
        run = self.add(
            "commission_runs",
            subscriber_id=subscriber,
            month=clock.first.date().replace(day=1),
            closed_at=closed,
        )
        for _ in range(self.random.randint(0, 4)):
            self.add("commission_items", run_id=run, subscriber_id=subscriber, created_at=clock.pick())

    def process_form(self, clock: Clock, subscriber: int) -> None:
        def trashed() -> datetime | None:
            return clock.pick() if self.chance(0.3) else None

        form = self.add(
            "process_forms", subscriber_id=subscriber, created_at=clock.pick(), trashed_at=trashed()
        )
        for _ in range(self.random.randint(0, 4)):
            self.add(
                "process_fields",
                form_id=form,
                subscriber_id=subscriber,
                created_at=clock.pick(),
                trashed_at=trashed(),
            )

    def facts(self, clock: Clock, subscriber: int, users: Sequence[int], share: float = 1.0) -> None:
        """Add sessions, settings, runs and forms; a `share` below 1 adds fewer."""
        random = self.random
        for _ in range(round(random.randint(0, 9) * len(users) * share)):
            self.logon(clock, subscriber, random.choice(users))
        for _ in range(round(random.randint(0, 8) * share)):
            self.setting(clock, subscriber)
        for _ in range(round(random.randint(0, 4) * share)):
            self.commission_run(clock, subscriber)
        for _ in range(round(random.randint(0, 4) * share)):
            self.process_form(clock, subscriber)


def random_platform(seed: int, data_through: datetime, subscribers: int) -> Rows:
    """Return the rows of so many subscribers, complete up to `data_through`, some of them later still."""
    random = Random(seed)
    rows: Rows = {table: [] for table in TABLES}
    maker = _Maker(random, rows, data_through - timedelta(hours=1))
    for number in range(subscribers):
        if number % 5 == 4:
            zone, first, last = random.choice(PAST_ERAS)
            clock = _clock(random, zone, first, last, None)
            deleted_at = clock.last - timedelta(days=random.randint(0, 31))
        else:
            zone = random.choice(ZONES)
            first, last = _recent_months(random, data_through)
            clock = _clock(random, zone, first, last, data_through)
            deleted_at = clock.pick() if random.random() < 0.2 else None
        subscriber = maker.subscriber(clock, zone, deleted_at)
        maker.modules(clock, subscriber)
        users = [maker.user(clock, subscriber) for _ in range(random.randint(1, 6))]
        stranger = [10_000_000 + number] if random.random() < 0.1 else []
        for user in stranger:
            maker.change(subscriber, user, clock.pick(), "locked")
        maker.facts(clock, subscriber, users + stranger)
    return rows


def with_late_facts(seed: int, rows: Rows, data_through: datetime) -> Rows:
    """Return what the source holds at a later `data_through`: half of the subscribers have late facts."""
    random = Random(seed)
    later: Rows = {table: [dict(row) for row in rows[table]] for table in TABLES}
    updated_at = data_through - timedelta(minutes=10)
    maker = _Maker(random, later, updated_at)
    touched = [row for row in later["subscribers"] if random.random() < 0.5]
    for subscriber in touched:
        clock = _late_clock(random, subscriber, data_through)
        users = [row for row in later["users"] if row["subscriber_id"] == subscriber["id"]]
        for user in random.sample(users, k=random.randint(0, min(2, len(users)))):
            maker.any_change(
                subscriber["id"], user["id"], user["type"], max(user["created_at"], clock.pick())
            )
        if users and random.random() < 0.3:
            user, other = random.choice(users), random.choice(later["subscribers"])["id"]
            maker.move_user(user, other, max(user["created_at"], clock.pick()))
        maker.facts(clock, subscriber["id"], [user["id"] for user in users], share=0.25)
        if random.random() < 0.1:
            subscriber.update(deleted_at=clock.pick(), updated_at=updated_at)
    _change_and_delete(random, later, {row["id"] for row in touched}, data_through)
    return later


def _change_and_delete(random: Random, rows: Rows, subscribers: set[int], data_through: datetime) -> None:
    updated_at = data_through - timedelta(minutes=5)
    new_end = {
        "logons": ("logged_off_at", lambda row: row["logged_on_at"] + random.choice(LENGTHS)),
        "commission_runs": ("closed_at", lambda row: data_through - timedelta(days=random.randint(0, 90))),
        "process_forms": ("trashed_at", lambda row: data_through - timedelta(days=random.randint(0, 90))),
        "process_fields": ("trashed_at", lambda row: None),
    }
    for table, (column, value) in new_end.items():
        for row in rows[table]:
            if row["subscriber_id"] in subscribers and random.random() < 0.1:
                row.update({column: value(row), "updated_at": updated_at})
    for table in ("logons", "commission_runs", "process_forms", "process_fields"):
        for row in rows[table]:
            if row["subscriber_id"] in subscribers and random.random() < 0.03:
                owner = random.choice(rows["subscribers"])["id"]
                row.update({"subscriber_id": owner, "updated_at": updated_at})
    for table in ("logons", "users", "user_changes", "commission_runs", "process_forms", "process_fields"):
        rows[table] = [
            row for row in rows[table] if row["subscriber_id"] not in subscribers or random.random() > 0.04
        ]


def _recent_months(random: Random, data_through: datetime) -> tuple[date, date]:
    last = data_through.date().replace(day=1)
    first = (last - timedelta(days=31 * random.randint(0, 3))).replace(day=1)
    return first, last


def _clock(random: Random, zone: str, first: date, last: date, data_through: datetime | None) -> Clock:
    months = list(months_between(first, last))
    edges = [first_instant_of_local_day(month, zone) for month in months]
    if data_through is not None:
        edges.append(data_through)
    return Clock(random, edges, edges[0] - timedelta(days=4), data_through or edges[-1] + timedelta(days=20))


def _late_clock(random: Random, subscriber: dict[str, Any], data_through: datetime) -> Clock:
    first = subscriber["created_at"].astimezone(UTC).date().replace(day=1)
    end = min(subscriber["deleted_at"] or data_through, data_through)
    last = max(first, end.astimezone(UTC).date().replace(day=1))
    clock = _clock(random, subscriber["time_zone"], first, last, None)
    clock.last = max(clock.first, min(month_bounds(last, subscriber["time_zone"])[1], data_through))
    return clock
