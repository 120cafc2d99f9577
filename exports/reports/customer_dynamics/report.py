"""Customer Dynamics from parameters to a stored result: one snapshot of the marts, asked once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from exports.errors import InvalidParameter, NotReady
from exports.intervals import resolve_interval
from exports.reports.customer_dynamics.figures import (
    NO_CLIENTS,
    NO_MOVEMENTS,
    Sums,
    refuse_missing_rates,
    row_cells,
)
from exports.reports.customer_dynamics.lookups import PACKAGE, Package, check_known, known_packages, labels
from exports.reports.customer_dynamics.parameters import REPORT, TITLE, CustomerDynamicsParameters
from exports.reports.customer_dynamics.timeline import LocalDay, Period, Timeline, checkpoints, cut
from exports.result import Cell, GeneratedBy, StoredResult, new_result_id
from exports.result_store import store
from exports.snapshot import Snapshot, first_line, reading, statement

Key = tuple[int, int | None]
TOTAL = 0


def generate(
    connection: psycopg.Connection[Any],
    parameters: CustomerDynamicsParameters,
    generated_by: GeneratedBy,
    as_of: datetime,
) -> StoredResult:
    """Generate, store and return the report, as `ask` does it."""
    return store(connection, ask(connection, parameters, generated_by, as_of))


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
        result_id=new_result_id(),
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
        branches = [company for company in (scope, asked.company_id) if company is not None]
        self._parameters: dict[str, Any] = {
            **asked.model_dump(),
            "tags": list(asked.tags) or None,
            "branches": branches or None,
            "by_package": asked.by_package,
            # PostgreSQL truncates to days
            "time_unit": "day" if asked.time_unit == "date" else asked.time_unit,
        }
        filters = ("client_type", "tags", "owner_user_id", "branches")
        self._parameters["is_unfiltered"] = all(self._parameters[name] is None for name in filters)
        try:
            self.timeline = self._timeline(as_of)
        except psycopg.errors.InvalidParameterValue as error:
            raise InvalidParameter(
                "timezone",
                f"time zone {asked.time_zone!r} is not known to the warehouse's PostgreSQL, whose zones are"
                f" older ({first_line(error)}); ask for another, or update its time zones",
            ) from error

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
        text: list[tuple[int, Package | None, tuple[Cell, ...]]] = []
        for number in range(1, len(self.timeline.periods) + 1):
            found = {
                package_id for period, package_id in (*sums.clients, *sums.movements) if period == number
            }
            packages = [known.get(id_, Package(id_)) for id_ in found if id_ is not None]
            for package in (*sorted(packages, key=lambda package: package.position), None):
                key = (number, None if package is None else package.package_id)
                cells = _cells(sums, key, with_refills=package is None)
                if any(cells):
                    text.append((number, package, cells))
        names = labels(package for _, package, _ in text if package is not None)
        return [
            (*self._period_head(number), None if package is None else names[package.package_id], *cells)
            for number, package, cells in text
        ]

    def _period_head(self, number: int) -> tuple[Cell, ...]:
        unit, first = self._asked.time_unit, self.timeline.periods[number - 1].period_date
        if unit is None or first is None:
            return ()
        return (first.year if unit == "year" else first,)

    def _timeline(self, as_of: datetime) -> Timeline:
        asked = self._asked
        known = self._rows("data_through", as_of=as_of)[0]
        if known["data_through_at"] is None:
            raise NotReady("billing has never been loaded completely")
        self.data_through: datetime = known["data_through_at"]
        from_date, to_date = asked.from_date, asked.to_date
        if asked.interval is not None:
            from_date, to_date = resolve_interval(asked.interval, known["today"])
        assert from_date is not None and to_date is not None  # noqa: S101 - the parameters are checked
        days = self._rows("days", from_date=from_date, to_date=to_date, data_through=self.data_through)
        return cut(
            [LocalDay(**day) for day in days],
            from_date,
            to_date,
            asked.time_zone,
            known["first_data_at"],
            self.data_through,
            known["active_since"],
        )

    def _movements(self) -> Mapping[Key, Sums]:
        timeline = self.timeline
        return self._sums(
            "movements",
            starts_at=timeline.asked.starts_at,
            last_end_at=timeline.ends[-1],
            ends=timeline.ends,
            day_starts=[day.starts_at for day in timeline.days],
            day_dates=[day.on_date for day in timeline.days],
            day_periods=list(timeline.day_periods),
            part_starts=[starts_at for starts_at, _ in timeline.parts_of_hours],
            part_ends=[ends_at for _, ends_at in timeline.parts_of_hours],
        )

    def _clients(self) -> Mapping[Key, Sums]:
        periods = self.timeline.periods
        clients = dict(self._clients_at(periods))
        # Total is told at the last period's end; only a grouping by package needs another reading of it
        if self._asked.by_package:
            whole = self._clients_at(periods[-1:], by_package=False).get((1, None), NO_CLIENTS)
        else:
            whole = clients.get((len(periods), None), NO_CLIENTS)
        clients[TOTAL, None] = whole
        return clients

    def _clients_at(self, periods: Sequence[Period], **more: Any) -> Mapping[Key, Sums]:
        """The sums at the ends of those periods, numbered from 1."""
        ends = [period.as_of for period in periods]
        read_from = checkpoints(ends, self.data_through)
        return self._sums(
            "clients",
            ends=ends,
            rate_dates=[period.rate_date for period in periods],
            active_since=[period.active_since for period in periods],
            checkpoints=list(read_from.month_starts),
            first_ends=list(read_from.first_ends),
            last_ends=list(read_from.last_ends),
            walk_from=read_from.walk_from,
            walk_until=read_from.walk_from and ends[-1],
            **more,
        )

    def _sums(self, name: str, **parameters: Any) -> Mapping[Key, Sums]:
        return {(row["period"], row["package_id"]): row for row in self._rows(name, **parameters)}

    def _rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        return self._snapshot.rows(statement(PACKAGE, name), {**self._parameters, **parameters})


def _cells(sums: _Sums, key: Key, with_refills: bool) -> tuple[Cell, ...]:
    return row_cells(sums.clients.get(key, NO_CLIENTS), sums.movements.get(key, NO_MOVEMENTS), with_refills)


def _resolved(asked: CustomerDynamicsParameters, timeline: Timeline) -> dict[str, Any]:
    """What was asked as JSON values, with the dates that a relative interval came to."""
    dates = {"from_date": timeline.asked.from_date.isoformat(), "to_date": timeline.asked.to_date.isoformat()}
    return asked.model_dump(mode="json") | dates


def _no_data(timeline: Timeline, data_through: datetime) -> str:
    asked = timeline.asked
    return (
        f"No data from {asked.from_date} to {asked.to_date} ({asked.time_zone});"
        f" data through {data_through.isoformat(timespec='seconds')}"
    )
