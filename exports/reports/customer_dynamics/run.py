"""Customer Dynamics from parameters to a stored result: one snapshot of the marts, asked once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from exports import result as results
from exports.errors import InvalidParameter, NotReady
from exports.intervals import resolve_interval
from exports.reports.customer_dynamics import checkpoints
from exports.reports.customer_dynamics.definition import GROUPINGS, REPORT, TITLE, CustomerDynamicsParameters
from exports.reports.customer_dynamics.figures import (
    NO_CLIENTS,
    NO_MOVEMENTS,
    Sums,
    refuse_missing_rates,
    row_cells,
)
from exports.reports.customer_dynamics.lookups import check_known, known_packages
from exports.reports.customer_dynamics.packages import Package, labels
from exports.reports.customer_dynamics.periods import LocalDay, Timeline, cut
from exports.reports.customer_dynamics.statements import blocks_statement, movements_statement, statement
from exports.result import Cell, GeneratedBy, StoredResult
from exports.snapshot import Snapshot, first_line, reading

Key = tuple[int, int | None]
TOTAL = 0


def generate(
    connection: psycopg.Connection[Any],
    parameters: CustomerDynamicsParameters,
    generated_by: GeneratedBy,
    as_of: datetime,
) -> StoredResult:
    """Generate, store and return the report, as `ask` does it."""
    return results.store(connection, ask(connection, parameters, generated_by, as_of))


def ask(
    connection: psycopg.Connection[Any],
    parameters: CustomerDynamicsParameters,
    generated_by: GeneratedBy,
    as_of: datetime,
) -> StoredResult:
    """The report, not yet stored. The connection must be idle; it is left so.

    as_of is the "now" that a relative interval is resolved against. Raises InvalidParameter for what the
    warehouse does not know, MissingRate where an amount cannot be converted, NotReady where marts or data are
    not there yet.
    """
    began = time.perf_counter()
    with reading(connection) as snapshot:
        check_known(snapshot, parameters, generated_by.company_id)
        question = _Question(snapshot, parameters, generated_by.company_id, as_of)
        rows = question.rows() if question.timeline.periods else ()
    return StoredResult(
        result_id=results.new_result_id(),
        report=REPORT,
        title=TITLE,
        parameters=_resolved(parameters, question.timeline),
        columns=parameters.columns,
        rows=tuple(rows),
        has_total=bool(rows and parameters.group_by),
        message=None if rows else _no_data(question.timeline, question.data_through),
        asked_interval=question.timeline.asked,
        data_interval=question.timeline.with_data,
        data_through={"billing": question.data_through},
        generated_by=generated_by,
        as_of=as_of,
        generated_at=as_of,
        duration_seconds=time.perf_counter() - began,
    )


@dataclass(frozen=True)
class _Sums:
    """What the warehouse answered, by period (0: Total) and package (None: without one)."""

    clients: Mapping[Key, Sums]
    movements: Mapping[Key, Sums]


class _Question:
    def __init__(
        self, snapshot: Snapshot, asked: CustomerDynamicsParameters, scope: int | None, as_of: datetime
    ) -> None:
        self._snapshot = snapshot
        self._asked = asked
        self._scope = scope
        known = snapshot.row(statement("data_through"))
        if known["data_through_at"] is None:
            raise NotReady("billing has never been loaded completely")
        self.data_through: datetime = known["data_through_at"]
        try:
            self.timeline = self._timeline(as_of, known["first_data_at"])
        except psycopg.errors.InvalidParameterValue as error:
            raise InvalidParameter(
                "timezone",
                f"time zone {asked.time_zone!r} is not known to the warehouse's PostgreSQL, whose zones are"
                f" older ({first_line(error)}); ask for another, or update its time zones",
            ) from error
        branches = [company for company in (scope, asked.company_id) if company is not None]
        self._is_filtered = bool(
            asked.client_type or asked.tags or asked.owner_user_id is not None or branches
        )
        self._filters = {
            "client_type": asked.client_type,
            "tags": list(asked.tags) or None,
            "owner_user_id": asked.owner_user_id,
            "branches": branches or None,
            "package_id": asked.package_id,
            "by_package": asked.by_package,
            "currency": asked.currency,
        }

    def rows(self) -> Sequence[tuple[Cell, ...]]:
        """The rows in order, Total last where anything is grouped."""
        asked, periods = self._asked, self.timeline.periods
        sums = _Sums(self._clients(), self._movements())
        refuse_missing_rates((*sums.clients.values(), *sums.movements.values()), asked.currency)
        if asked.by_package:
            rows = self._rows_by_package(sums)
        else:
            rows = [
                (*self._period_head(number), *_cells(sums, (number, None), with_refills=True))
                for number in range(1, len(periods) + 1)
            ]
        if asked.group_by:
            empty = (None,) * (len(asked.group_by) - 1)
            rows.append(("Total", *empty, *_cells(sums, (TOTAL, None), with_refills=True)))
        return rows

    def _rows_by_package(self, sums: _Sums) -> list[tuple[Cell, ...]]:
        """Of each period the packages by name then id, no package last; rows of nothing are left out."""
        known = known_packages(self._snapshot, self._scope)
        told: list[tuple[int, Package | None, tuple[Cell, ...]]] = []
        for number in range(1, len(self.timeline.periods) + 1):
            found = {
                package_id for period, package_id in (*sums.clients, *sums.movements) if period == number
            }
            packages = [known.get(id_, Package(id_)) for id_ in found if id_ is not None]
            for package in (*sorted(packages, key=lambda package: package.position), None):
                key = (number, None if package is None else package.package_id)
                cells = _cells(sums, key, with_refills=package is None)
                if any(cells):
                    told.append((number, package, cells))
        names = labels(package for _, package, _ in told if package is not None)
        return [
            (*self._period_head(number), None if package is None else names[package.package_id], *cells)
            for number, package, cells in told
        ]

    def _period_head(self, number: int) -> tuple[Cell, ...]:
        return () if self._asked.time_unit is None else (self.timeline.periods[number - 1].label,)

    def _timeline(self, as_of: datetime, first_data: datetime | None) -> Timeline:
        asked, zone = self._asked, {"time_zone": self._asked.time_zone}
        from_date, to_date = asked.from_date, asked.to_date
        if asked.interval is not None:
            today = self._snapshot.row(statement("today"), {**zone, "as_of": as_of})["today"]
            from_date, to_date = resolve_interval(asked.interval, today)
        assert from_date is not None and to_date is not None  # noqa: S101 - the parameters are checked
        dates = {**zone, "from_date": from_date, "to_date": to_date, "data_through": self.data_through}
        around = [LocalDay(**row) for row in self._snapshot.rows(statement("day_starts"), dates)]
        return cut(
            around, from_date, to_date, asked.time_zone, asked.time_unit, first_data, self.data_through
        )

    def _movements(self) -> Mapping[Key, Sums]:
        timeline = self.timeline
        if not timeline.days:
            return {}
        asked = {
            **self._filters,
            "starts_at": timeline.asked.starts_at,
            "last_end_at": timeline.ends[-1],
            "ends": timeline.ends,
            "day_starts": [day.starts_at for day in timeline.days],
            "day_dates": [day.on_date for day in timeline.days],
            "day_periods": list(timeline.day_periods),
            "cut_hours": timeline.cut_hours,
            "held_package_id": self._asked.package_id,
        }
        of_package = self._asked.package_id is not None
        return self._sums(movements_statement(self._movements_source(), of_package, self._is_filtered), asked)

    def _movements_source(self) -> str:
        # the hourly sums know company and client type, nothing else of a customer
        by_customer = self._asked.tags or self._asked.owner_user_id is not None
        return "movements_of_all" if by_customer else "movements_by_hour"

    def _clients(self) -> Mapping[Key, Sums]:
        last = len(self.timeline.periods)
        clients = dict(self._blocks(range(last), self._asked.by_package))
        # Total is told at the last period's end; only a grouping by package needs another reading of it
        at_end = (1, None) if self._asked.by_package else (last, None)
        whole = self._blocks([last - 1], by_package=False) if self._asked.by_package else clients
        clients[TOTAL, None] = whole.get(at_end, NO_CLIENTS)
        return clients

    def _blocks(self, numbers: Sequence[int], by_package: bool) -> Mapping[Key, Sums]:
        ends = [self.timeline.ends[number] for number in numbers]
        nearest = [checkpoints.nearest_checkpoint(end, self.data_through) for end in ends]
        months = self._asked.active_duration_months
        since = self._snapshot.rows(
            statement("active_since"), {"ends": ends, "months": months, "time_zone": self._asked.time_zone}
        )
        asked = {
            **self._filters,
            # what else the holders hold matters to a grouping alone
            "held_package_id": None if by_package else self._asked.package_id,
            "by_package": by_package,
            "ends": ends,
            "last_end_at": ends[-1],
            "rate_dates": [self.timeline.rate_dates[number] for number in numbers],
            "active_since": [row["since"] for row in since],
            "numbers": list(range(1, len(ends) + 1)),
            "checkpoint": checkpoints.month_start(ends[0]),
            "checkpoints": nearest,
        }
        ways = checkpoints.ways_to_states(ends, nearest)
        of_package = self._asked.package_id is not None
        return self._sums(blocks_statement(ways, of_package, by_package, self._is_filtered), asked)

    def _sums(self, text: bytes, asked: Mapping[str, Any]) -> Mapping[Key, Sums]:
        return {(row["period"], row["package_id"]): row for row in self._snapshot.rows(text, asked)}


def _cells(sums: _Sums, key: Key, with_refills: bool) -> tuple[Cell, ...]:
    return row_cells(sums.clients.get(key, NO_CLIENTS), sums.movements.get(key, NO_MOVEMENTS), with_refills)


def _resolved(asked: CustomerDynamicsParameters, timeline: Timeline) -> dict[str, Any]:
    return {
        "from_date": timeline.asked.from_date.isoformat(),
        "to_date": timeline.asked.to_date.isoformat(),
        "interval": asked.interval,
        "time_zone": asked.time_zone,
        "client_type": asked.client_type,
        "tags": list(asked.tags),
        "company_id": asked.company_id,
        "owner_user_id": asked.owner_user_id,
        "package_id": asked.package_id,
        "group_by": [name for name in GROUPINGS if name in asked.group_by],
        "currency": asked.currency,
        "active_duration_months": asked.active_duration_months,
    }


def _no_data(timeline: Timeline, data_through: datetime) -> str:
    asked = timeline.asked
    return (
        f"No data from {asked.from_date} to {asked.to_date} ({asked.time_zone});"
        f" data through {data_through.isoformat(timespec='seconds')}"
    )
