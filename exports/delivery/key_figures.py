"""The last period of a result against the one before it: what a mail tells before its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from exports.result import Cell, Column, Kind, StoredResult, key_column_count, written

PERCENT_STEP = Decimal("0.1")


@dataclass(frozen=True)
class Figure:
    """A measure in both periods; no difference where one of them has no value, no percent of zero."""

    column: Column
    last: Cell
    before: Cell
    difference: int | Decimal | None
    percent: Decimal | None


@dataclass(frozen=True)
class KeyFigures:
    """The two periods as they are labelled, whether the last is not over yet, and each measure."""

    last: str
    before: str
    is_unfinished: bool
    figures: tuple[Figure, ...]


def key_figures(result: StoredResult) -> KeyFigures | None:
    """The figures; None where the rows are no series of at least two periods."""
    if key_column_count(result.columns) != 1 or not result.columns[0].kind.is_period:
        return None
    kind = result.columns[0].kind
    # years, or first days: as they are written, they sort by time
    periods = {written(row[0], Kind.DATE): row for row in result.rows if isinstance(row[0], int | date)}
    if len(periods) < 2 or len(periods) != len(result.rows) - result.has_total:
        return None
    before, last = (periods[key] for key in sorted(periods)[-2:])
    return KeyFigures(
        written(last[0], kind),
        written(before[0], kind),
        _is_unfinished(result),
        tuple(_figures(result.columns, last, before)),
    )


def _figures(columns: Sequence[Column], last: Sequence[Cell], before: Sequence[Cell]) -> list[Figure]:
    figures: list[Figure] = []
    for column, now, then in zip(columns, last, before, strict=True):
        if not column.is_measure:
            continue
        difference = percent = None
        if isinstance(now, int | Decimal) and isinstance(then, int | Decimal):
            difference = now - then
            if then != 0:
                percent = (Decimal(difference) * 100 / abs(Decimal(then))).quantize(PERCENT_STEP)
        figures.append(Figure(column, now, then, difference, percent))
    return figures


def _is_unfinished(result: StoredResult) -> bool:
    """Whether data end before the last period does."""
    through = result.data_interval
    return through is not None and through.ends_at < result.asked_interval.ends_at
