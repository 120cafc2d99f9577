"""The stored result: what every renderer shows and no one changes.

A result is written once to app.report_results, whose triggers refuse every later change.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import dict_row

from exports import months
from exports.errors import NotFound, NotReady, ReportError, minute_text

ID_BEGINNING = re.compile(r"[0-9a-f]{8,32}", re.ASCII)
Cell = int | Decimal | str | date | datetime | None


class Kind(StrEnum):
    """What a column's cells are; renderers choose type and format by it.

    A month is the date of its first day, written YYYY-MM; a named month is written Jan 2008. Quarters and ISO
    weeks are the dates of their first days, written 2026-Q1 and 2026-W05.
    """

    TEXT = "text"
    YEAR = "year"
    QUARTER = "quarter"
    WEEK = "week"
    DATE = "date"
    MONTH = "month"
    NAMED_MONTH = "named month"
    TIMESTAMP = "timestamp"
    COUNT = "count"
    MONEY = "money"
    RATIO = "ratio"

    @property
    def is_period(self) -> bool:
        """Whether each cell is a stretch of the calendar."""
        return self in (Kind.YEAR, Kind.QUARTER, Kind.MONTH, Kind.NAMED_MONTH, Kind.WEEK, Kind.DATE)


@dataclass(frozen=True)
class Column:
    """A head and the kind of cell below it.

    `label` is the whole head and begins with that of its group, if it is in one: `Clients - Active: Qty`.
    Amounts are in `currency`, an ISO 4217 code.
    """

    label: str
    kind: Kind
    group: str = ""
    currency: str | None = None

    @property
    def label_in_group(self) -> str:
        """The head below that of the group."""
        return self.label.removeprefix(f"{self.group}: ") if self.group else self.label

    @property
    def is_measure(self) -> bool:
        """Whether its cells are numbers of something."""
        return self.kind in (Kind.COUNT, Kind.MONEY, Kind.RATIO)


@dataclass(frozen=True)
class Interval:
    """Inclusive local dates in a zone, and the half-open instants they stand for."""

    from_date: date
    to_date: date
    time_zone: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class GeneratedBy:
    """Who asked, in which role, and the company whose branch limits them (None: all companies)."""

    name: str
    role: str
    company_id: int | None = None


@dataclass(frozen=True)
class Table:
    """A further table of a result, beside its rows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class StoredResult:
    """A generated report, whole.

    Rows are tuples in the columns' order: counts int, money and ratio Decimal with 4 decimals, None for no
    value. A cell of a grouping column may hold a word instead ("Total"). `message` says why there are no
    rows. `data_interval` is None then.
    `details` are further tables: sheets of a workbook, left out of CSV.
    """

    result_id: str
    report: str
    title: str
    parameters: Mapping[str, Any]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_total: bool
    message: str | None
    asked_interval: Interval
    data_interval: Interval | None
    data_through: Mapping[str, datetime]
    generated_by: GeneratedBy
    as_of: datetime
    generated_at: datetime
    duration_seconds: float
    details: tuple[Table, ...] = ()


@dataclass(frozen=True)
class ResultSummary:
    """One line of the list of stored results."""

    result_id: str
    report: str
    generated_at: datetime
    generated_by: str
    rows: int
    parameters: Mapping[str, Any]
    from_date: date
    to_date: date


def written(cell: Cell, kind: Kind) -> str:
    """The cell as it is written where there are no types: ISO 8601, digits with a dot, empty for no value."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, date):
        match kind:
            case Kind.MONTH:
                return f"{cell.year:04}-{cell.month:02}"
            case Kind.NAMED_MONTH:
                return months.month_label(cell)
            case Kind.QUARTER:
                return months.quarter_label(cell)
            case Kind.WEEK:
                return months.week_label(cell)
            case _:
                return cell.isoformat()
    return str(cell)


def key_column_count(columns: Sequence[Column]) -> int:
    """How many columns at the front name a row, before the first that says something of it."""
    of_it = (column.is_measure or column.kind is Kind.TIMESTAMP for column in columns)
    return next((number for number, found in enumerate(of_it) if found), 1)


def new_result_id() -> str:
    """A name of 128 random bits, fit to be a link nobody can guess."""
    return secrets.token_hex(16)


def store(connection: psycopg.Connection[Any], result: StoredResult) -> StoredResult:
    """Write the result; returned with the moment the database gave it. Raises NotReady without the table.

    It is a transaction of its own, or part of the caller's.
    """
    statement = """
        insert into app.report_results
            (result_id, report, as_of, generated_by, role, company_id, duration_seconds, row_count, content)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning generated_at
    """
    by = result.generated_by
    values = (
        result.result_id, result.report, result.as_of, by.name, by.role, by.company_id,
        result.duration_seconds, len(result.rows), json.dumps(_content(result), ensure_ascii=False),
    )  # fmt: skip
    try:
        with connection.transaction():
            row = connection.execute(statement, values).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NotReady("the warehouse has no table app.report_results", "run: subdyn migrate") from error
    if row is None:
        raise ReportError("the warehouse did not store the result")
    return replace(result, generated_at=row[0])


def load(connection: psycopg.Connection[Any], result_id: str) -> StoredResult:
    """The stored result of that id; raises NotFound, of a pruned one with the moment it went."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "select * from app.report_results where result_id = %s", (result_id,)
        ).fetchone()
    if found is None:
        raise _not_there(connection, result_id)
    return _from_content(found)


def check_result_id(beginning: str) -> str:
    """The beginning of an id, in lower case; raises NotFound for what cannot be one."""
    kept = beginning.strip().lower()
    if not ID_BEGINNING.fullmatch(kept):
        raise NotFound(
            f"no stored result {beginning!r}: an id is 32 hexadecimal digits, its first 8 are enough;"
            " list them with: subdyn report list"
        )
    return kept


def find_result_id(connection: psycopg.Connection[Any], beginning: str) -> str:
    """The id that begins so; raises NotFound where none does or several do."""
    kept = check_result_id(beginning)
    found = connection.execute(
        "select result_id from app.report_results where starts_with(result_id, %s) limit 2", (kept,)
    ).fetchall()
    if not found:
        raise _not_there(connection, kept)
    if len(found) > 1:
        raise NotFound(f"several stored results begin with {beginning!r}; list them with: subdyn report list")
    return found[0][0]


def _not_there(connection: psycopg.Connection[Any], beginning: str) -> NotFound:
    """Why no stored result begins so: it was pruned, or there never was one."""
    pruned = connection.execute(
        "select result_id, report, generated_at, pruned_at, pruned_by from app.pruned_results"
        " where starts_with(result_id, %s) limit 2",
        (beginning,),
    ).fetchall()
    if len(pruned) != 1:
        return NotFound(f"no stored result {beginning!r}; list them with: subdyn report list")
    result_id, report, generated_at, pruned_at, pruned_by = pruned[0]
    return NotFound(
        f"result {result_id} ({report} of {minute_text(generated_at)})"
        f" was pruned on {minute_text(pruned_at)} by {pruned_by}"
    )


def list_results(connection: psycopg.Connection[Any], limit: int = 50) -> list[ResultSummary]:
    """The newest stored results, newest first."""
    found = connection.execute(
        """
        select
            result_id, report, generated_at, generated_by, row_count, content->'parameters',
            (content->'asked_interval'->>'from')::date, (content->'asked_interval'->>'to')::date
        from app.report_results
        order by generated_at desc, result_id
        limit %s
        """,
        (limit,),
    )
    return [ResultSummary(*row) for row in found]


def as_json(result: StoredResult) -> dict[str, Any]:
    """The result as JSON values: instants ISO 8601, money and ratios as strings, counts as numbers."""
    by = result.generated_by
    return {
        "result_id": result.result_id,
        "report": result.report,
        **_content(result),
        "as_of": result.as_of.isoformat(),
        "generated_by": {"name": by.name, "role": by.role, "company_id": by.company_id},
        "generated_at": result.generated_at.isoformat(),
        "duration_seconds": round(result.duration_seconds, 3),
    }


def _content(result: StoredResult) -> dict[str, Any]:
    return {
        "title": result.title,
        "parameters": dict(result.parameters),
        **_table_to_json(result.columns, result.rows),
        "has_total": result.has_total,
        "message": result.message,
        "asked_interval": _interval_to_json(result.asked_interval),
        "data_interval": _interval_to_json(result.data_interval) if result.data_interval else None,
        "data_through": {source: at.isoformat() for source, at in result.data_through.items()},
        "details": [
            {"title": table.title, **_table_to_json(table.columns, table.rows)} for table in result.details
        ],
    }


def _from_content(found: Mapping[str, Any]) -> StoredResult:
    content = found["content"]
    columns, rows = _table_from_json(content)
    return StoredResult(
        result_id=found["result_id"],
        report=found["report"],
        title=content["title"],
        parameters=content["parameters"],
        columns=columns,
        rows=rows,
        has_total=content["has_total"],
        message=content["message"],
        asked_interval=_interval_from_json(content["asked_interval"]),
        data_interval=_interval_from_json(content["data_interval"]) if content["data_interval"] else None,
        data_through={source: datetime.fromisoformat(at) for source, at in content["data_through"].items()},
        generated_by=GeneratedBy(found["generated_by"], found["role"], found["company_id"]),
        as_of=found["as_of"],
        generated_at=found["generated_at"],
        duration_seconds=found["duration_seconds"],
        details=tuple(Table(table["title"], *_table_from_json(table)) for table in content["details"]),
    )


def _table_to_json(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> dict[str, Any]:
    kinds = [column.kind for column in columns]
    return {
        "columns": [
            {
                "label": column.label,
                "kind": column.kind.value,
                "group": column.group,
                "currency": column.currency,
            }
            for column in columns
        ],
        "rows": [[_to_json(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in rows],
    }


def _table_from_json(stored: Mapping[str, Any]) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    columns = tuple(_column_from_json(column) for column in stored["columns"])
    rows = tuple(
        tuple(_from_json(cell, column.kind) for cell, column in zip(row, columns, strict=True))
        for row in stored["rows"]
    )
    return columns, rows


def _column_from_json(stored: Mapping[str, Any]) -> Column:
    label = stored["label"]
    # results stored by the first release name no groups
    group = stored["group"] if "group" in stored else label.rpartition(": ")[0]
    return Column(label, Kind(stored["kind"]), group, stored.get("currency"))


def _to_json(cell: Cell, kind: Kind) -> int | str | None:
    return cell if cell is None or isinstance(cell, int) else written(cell, kind)


def _from_json(cell: int | str | None, kind: Kind) -> Cell:
    if not isinstance(cell, str) or cell == "":
        return cell
    match kind:
        case Kind.MONEY | Kind.RATIO:
            return Decimal(cell)
        case Kind.DATE if cell[0].isdigit():
            return date.fromisoformat(cell)
        case Kind.MONTH if cell[0].isdigit():
            return months.parse_month(cell)
        case Kind.NAMED_MONTH if cell[-1].isdigit():
            return months.parse_month_label(cell)
        case Kind.QUARTER if cell[0].isdigit():
            return months.parse_quarter_label(cell)
        case Kind.WEEK if cell[0].isdigit():
            return months.parse_week_label(cell)
        case Kind.TIMESTAMP if cell[0].isdigit():
            return datetime.fromisoformat(cell)
        case _:
            return cell


def _interval_to_json(interval: Interval) -> dict[str, str]:
    return {
        "from": interval.from_date.isoformat(),
        "to": interval.to_date.isoformat(),
        "time_zone": interval.time_zone,
        "starts_at": interval.starts_at.isoformat(),
        "ends_at": interval.ends_at.isoformat(),
    }


def _interval_from_json(stored: Mapping[str, str]) -> Interval:
    return Interval(
        date.fromisoformat(stored["from"]),
        date.fromisoformat(stored["to"]),
        stored["time_zone"],
        datetime.fromisoformat(stored["starts_at"]),
        datetime.fromisoformat(stored["ends_at"]),
    )
