"""The stored result: what every renderer shows and no one changes.

`result_store` writes it once to app.report_results, `result_json` is its JSON form.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PlainSerializer, SkipValidation

from exports import months

if TYPE_CHECKING:
    import pandas as pd

Cell = int | Decimal | str | date | datetime | None
# ISO 8601 with the offset in JSON, where pydantic writes Z for UTC.
Instant = Annotated[datetime, PlainSerializer(lambda instant: instant.isoformat())]
Rows = Annotated[tuple[tuple[Cell, ...], ...], SkipValidation, PlainSerializer(lambda rows: rows)]


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

    from_date: Annotated[date, Field(alias="from")]
    to_date: Annotated[date, Field(alias="to")]
    time_zone: str
    starts_at: Instant
    ends_at: Instant


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
    rows: Rows


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
    rows: Rows
    has_total: bool
    message: str | None
    asked_interval: Interval
    data_interval: Interval | None
    data_through: Mapping[str, Instant]
    generated_by: GeneratedBy
    as_of: Instant
    generated_at: Instant
    duration_seconds: float
    details: tuple[Table, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame under the columns' whole heads, for notebooks; the Total left out.

        Types are Parquet's (exports/render/parquet.py): amounts stay decimals, no value is `<NA>`. `attrs`
        hold the title, the result's id and the data through of each source as text.
        """
        import pandas as pd
        import pyarrow as pa

        from exports.render.parquet import IS_TOTAL, arrow

        rows = replace(self, rows=self.rows[:-1], has_total=False) if self.has_total else self
        schema, batches = arrow(rows)
        table = pa.Table.from_batches(list(batches), schema).drop_columns([IS_TOTAL])
        frame = table.to_pandas(types_mapper=pd.ArrowDtype)
        frame.attrs = {
            "title": self.title,
            "result_id": self.result_id,
            "data_through": {source: instant.isoformat() for source, instant in self.data_through.items()},
        }
        return frame


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
