"""Runs in any order, forward and back, over rows that come, go, return and change hands.

Each step is a load and an incremental build; every cell is compared with a plain recomputation from the rows,
and in the end every table with a build from nothing.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg

from exports.verification.recomputation.subscriber_facts import Choices
from exports.verification.recomputation.subscriber_months import recompute_subscriber_months
from tests.reference.random_platform import TABLES, ZONES, random_platform
from tests.reference.subscriber_metrics import METRICS, recompute
from tests.support.warehouse import Warehouse

SEED = int(os.environ.get("SUBDYN_TEST_SEED", "40"))
KNOWN = datetime(2026, 11, 10, 13, 37, 11, tzinfo=UTC)
# Days from KNOWN: a month back and forth within one run after another, then anywhere.
DAYS = (0, -40, 0.04, -400, -9.7, 25)
HALF_WAY = 4
DAY = timedelta(days=1)
SELECT = ("--select", "+int_subscriber_metrics")
BUILT = (
    *("int_subscriber_months", "int_logons_split_by_month", "int_user_states", "int_user_months_online"),
    *("int_user_months_seats", "int_subscriber_months_concurrency", "int_subscriber_metrics"),
    *(
        "int_settings_in_force",
        "int_commission_runs_closed",
        "int_commission_items_counted",
        "int_process_fields_in_use",
    ),
)
Row = dict[str, Any]


@dataclass
class Platform:
    """What the source holds, what it lost, and what the next load has to bring."""

    random: Random
    rows: dict[str, dict[int, Row]]
    lost: list[tuple[str, Row]] = field(default_factory=list)
    changed: set[tuple[str, int]] = field(default_factory=set)
    gone: set[tuple[str, int]] = field(default_factory=set)

    def any_of(self, table: str, count: int) -> list[Row]:
        rows = list(self.rows[table].values())
        return self.random.sample(rows, k=min(count, len(rows)))

    def update(self, table: str, row: Row, **columns: Any) -> None:
        row.update(columns)
        self.changed.add((table, row["id"]))

    def lose_rows(self) -> None:
        for table in (
            "subscribers",
            "users",
            "logons",
            "subscriber_settings",
            "commission_runs",
            "process_forms",
        ):
            for row in self.any_of(table, 2):
                self.lost.append((table, self.rows[table].pop(row["id"])))
                self.gone.add((table, row["id"]))

    def find_rows_again(self) -> None:
        self.random.shuffle(self.lost)
        while len(self.lost) > 4:
            table, row = self.lost.pop()
            self.rows[table][row["id"]] = row
            self.gone.discard((table, row["id"]))
            self.changed.add((table, row["id"]))

    def move_lifetimes(self) -> None:
        for row in self.any_of("subscribers", 6):
            day = self.random.uniform(-60, 60) * DAY
            self.update("subscribers", row, created_at=row["created_at"] + day)
        for row in self.any_of("subscribers", 6):
            ends = None if row["deleted_at"] else KNOWN + self.random.uniform(-100, 20) * DAY
            self.update("subscribers", row, deleted_at=ends)

    def move_zones(self) -> None:
        for row in self.any_of("subscribers", 4):
            self.update("subscribers", row, time_zone=self.random.choice(ZONES))

    def move_sessions(self) -> None:
        for row in self.any_of("logons", 25):
            day = self.random.uniform(-70, 70) * DAY
            ends = row["logged_off_at"] and row["logged_off_at"] + day
            self.update("logons", row, logged_on_at=row["logged_on_at"] + day, logged_off_at=ends)
        for row in self.any_of("logons", 10):
            self.update("logons", row, subscriber_id=self.any_subscriber())

    def any_subscriber(self) -> int:
        return self.any_of("subscribers", 1)[0]["id"]

    def move_users(self) -> None:
        """Rows of users alone, which count for nothing, and changes that carry another subscriber."""
        for user in self.any_of("users", 8):
            self.update("users", user, subscriber_id=self.any_subscriber())
        for user in self.any_of("users", 8):
            key = max(self.rows["user_changes"]) + 1
            self.rows["user_changes"][key] = {
                "id": key,
                "user_id": user["id"],
                "subscriber_id": self.any_subscriber(),
                "happened_at": KNOWN + self.random.uniform(-90, 2) * DAY,
                "change": self.random.choice(("enabled", "purged", "created", "locked", "unlocked")),
                "role": None,
            }
            self.changed.add(("user_changes", key))

    def move_forms_and_fields(self) -> None:
        """Forms and fields to another subscriber, each without the other, and fields to another form."""
        for table in ("process_forms", "process_fields"):
            for row in self.any_of(table, 10):
                self.update(table, row, subscriber_id=self.any_subscriber())
        for row in self.any_of("process_fields", 10):
            self.update("process_fields", row, form_id=self.any_of("process_forms", 1)[0]["id"])

    def move_items(self) -> None:
        """Runs to another subscriber without their items, settings too, and items to another run."""
        for table in ("commission_runs", "subscriber_settings"):
            for row in self.any_of(table, 6):
                self.update(table, row, subscriber_id=self.any_subscriber())
        for row in self.any_of("commission_items", 20):
            self.update("commission_items", row, run_id=self.any_of("commission_runs", 1)[0]["id"])

    def move_hands(self) -> None:
        """Users with their changes, runs with their items, forms with their fields, to another subscriber."""
        parts = (("users", "user_changes", "user_id"), ("commission_runs", "commission_items", "run_id"))
        for table, part, key in (*parts, ("process_forms", "process_fields", "form_id")):
            for row in self.any_of(table, 4):
                owner = self.any_subscriber()
                self.update(table, row, subscriber_id=owner)
                for each in self.rows[part].values():
                    if each[key] == row["id"]:
                        self.update(part, each, subscriber_id=owner)

    def move_facts(self) -> None:
        instants = {
            "user_changes": "happened_at",
            "subscriber_settings": "happened_at",
            "commission_items": "created_at",
        }
        ends = {"commission_runs": "closed_at", "process_forms": "trashed_at", "process_fields": "trashed_at"}
        for table, column in (instants | ends).items():
            for row in self.any_of(table, 8):
                if table in ends and row[column]:
                    self.update(table, row, **{column: None})
                else:
                    moment = row[column] or KNOWN
                    self.update(table, row, **{column: moment + self.random.uniform(-50, 50) * DAY})

    def load(self, warehouse: Warehouse, as_of: datetime) -> None:
        """Bring what moved since the last load into the raw tables."""
        warehouse.load(
            {
                table: [
                    self.rows[table][key]
                    for name, key in sorted(self.changed)
                    if name == table and key in self.rows[table]
                ]
                for table in TABLES
            },
            as_of,
        )
        for table in TABLES:
            if ids := [key for name, key in sorted(self.gone) if name == table]:
                warehouse.delete(table, ids, as_of)
        self.changed.clear()
        self.gone.clear()

    def held(self) -> dict[str, list[Row]]:
        return {table: list(rows.values()) for table, rows in self.rows.items()}


def _wrong_cells(warehouse: Warehouse, platform: Platform, as_of: datetime) -> list[tuple[Any, ...]]:
    wanted = recompute(platform.held(), as_of)
    rows = warehouse.rows("select * from intermediate.int_subscriber_metrics")
    found = {(row["subscriber_id"], row["month"]): row for row in rows}
    assert set(found) == set(wanted)
    return [
        (*key, metric, found[key][metric], getattr(wanted[key], metric))
        for key in wanted
        for metric in METRICS
        if found[key][metric] != getattr(wanted[key], metric)
    ]


def _platform() -> Platform:
    """Forty subscribers as the source holds them at first, nothing loaded yet."""
    rows = random_platform(SEED, KNOWN, 40)
    platform = Platform(Random(SEED), {table: {row["id"]: row for row in rows[table]} for table in TABLES})
    platform.changed = {(table, key) for table in TABLES for key in platform.rows[table]}
    return platform


def _tables(warehouse: Warehouse) -> dict[str, list[Row]]:
    return {
        name: warehouse.rows(f"select t.*::text as row from intermediate.{name} as t order by 1")
        for name in BUILT
    }


def _compare_with_a_build_from_nothing(warehouse: Warehouse) -> None:
    incremental = _tables(warehouse)
    warehouse.build(*SELECT, "--full-refresh")
    rebuild = _tables(warehouse)
    assert {name: incremental[name] == rebuild[name] for name in BUILT} == dict.fromkeys(BUILT, True)


def test_any_order_of_runs_and_rows_gives_the_recomputation(warehouse: Warehouse) -> None:
    platform = _platform()
    moves: list[list[Callable[[], None]]] = [
        [],
        [],
        [platform.lose_rows, platform.move_lifetimes, platform.move_sessions, platform.move_users],
        [platform.find_rows_again, platform.move_hands, platform.move_zones, platform.move_facts],
        [platform.move_lifetimes, platform.lose_rows, platform.move_hands, platform.move_items],
        [platform.find_rows_again, platform.move_zones, platform.move_sessions, platform.move_facts],
    ]
    for step, days in enumerate(DAYS):
        for move in moves[step]:
            move()
        as_of = KNOWN + days * DAY
        if step == HALF_WAY:
            # a run that broke off: what it made has moved again when the next one comes
            platform.load(warehouse, as_of + 50 * DAY)
            warehouse.build("--select", "+int_logons_split_by_month", "+int_user_states")
            platform.move_sessions()
            platform.move_hands()
        platform.load(warehouse, as_of)
        warehouse.build(*SELECT)
        assert _wrong_cells(warehouse, platform, as_of) == [], f"step {step}"
    _compare_with_a_build_from_nothing(warehouse)


def test_keys_that_move_between_owners_hour_by_hour_count_where_they_are(warehouse: Warehouse) -> None:
    platform = _platform()
    moves: tuple[Callable[[], None], ...] = (
        lambda: None,
        platform.move_users,
        platform.move_forms_and_fields,
        platform.move_items,
        platform.move_hands,
        platform.move_users,
    )
    for hour, move in enumerate(moves):
        move()
        as_of = KNOWN + timedelta(hours=hour)
        platform.load(warehouse, as_of)
        warehouse.build(as_of=as_of)
        assert _wrong_cells(warehouse, platform, as_of) == [], f"hour {hour}"
        with psycopg.connect(warehouse.url, autocommit=True) as connection:
            recomputed = recompute_subscriber_months(connection, None, Choices())
        assert [str(finding) for finding in recomputed.findings] == [], f"hour {hour}"
    _compare_with_a_build_from_nothing(warehouse)
