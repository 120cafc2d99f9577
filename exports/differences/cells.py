"""Two stored results of one report, cell by cell: rows by what names them, columns by their heads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exports.errors import InvalidParameter
from exports.result import Cell, Column, Kind, StoredResult, key_column_count, written

# What names a row where the columns at the front do not: a name may change, an id does not.
NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "subscriber-metrics": ("ID", "Month"),
    "seat-evidence": ("Item", "User ID"),
}
WHOLE = "whole interval"
BETWEEN = " · "
Row = tuple[Cell, ...]
# What names a row, and which of that name it is, from 1.
Key = tuple[tuple[str, ...], int]


@dataclass(frozen=True)
class Change:
    """A cell that both results have and that differs; `difference` is B - A where both are numbers."""

    row: str
    column: str
    kind: Kind
    before: Cell
    after: Cell
    difference: int | Decimal | None

    @property
    def before_text(self) -> str:
        """The cell of A as it is written, empty for no value."""
        return written(self.before, self.kind)

    @property
    def after_text(self) -> str:
        """The cell of B as it is written, empty for no value."""
        return written(self.after, self.kind)


@dataclass(frozen=True)
class Different:
    """What was asked or shown in A and in B."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Differences:
    """Everything in which B differs from A.

    `parameters` are what was asked differently. `not_compared` says in words which cells of both were left
    out, and why. `rows_compared` and `columns_compared` count what both have.
    """

    before: StoredResult
    after: StoredResult
    parameters: tuple[Different, ...]
    not_compared: tuple[str, ...]
    columns_only_in_a: tuple[str, ...]
    columns_only_in_b: tuple[str, ...]
    rows_only_in_a: tuple[str, ...]
    rows_only_in_b: tuple[str, ...]
    changes: tuple[Change, ...]
    rows_compared: int
    columns_compared: int

    @property
    def is_equal(self) -> bool:
        """Whether every cell of one is a cell of the other, and the same."""
        return not (
            self.changes
            or self.not_compared
            or self.columns_only_in_a
            or self.columns_only_in_b
            or self.rows_only_in_a
            or self.rows_only_in_b
        )


def compare(before: StoredResult, after: StoredResult) -> Differences:
    """What differs between two results, which may answer different questions of one report.

    Rows of the same name are told apart by their order. Further tables of a result repeat its rows and are
    not compared. Raises InvalidParameter for results of two reports.
    """
    if before.report != after.report:
        raise InvalidParameter(
            "result", f"a {before.report} cannot be compared with a {after.report}: give two of one report"
        )
    columns_a, columns_b = ({column.label: column for column in one.columns} for one in (before, after))
    not_compared: list[str] = []
    labels = [label for label in columns_a if label in columns_b]
    in_other_currencies = [
        label for label in labels if columns_a[label].currency != columns_b[label].currency
    ]
    if in_other_currencies:
        first = in_other_currencies[0]
        not_compared.append(
            f"{len(in_other_currencies)} columns of amounts, which are in {columns_a[first].currency} in A"
            f" and in {columns_b[first].currency} in B"
        )
        labels = [label for label in labels if label not in in_other_currencies]
    names_a, names_b = _naming(before), _naming(after)
    if names_a == names_b:
        rows_a, rows_b = _by_key(before), _by_key(after)
    else:
        not_compared.append(
            f"rows other than totals: by {_listed(names_a)} in A and by {_listed(names_b)} in B"
        )
        rows_a, rows_b = _totals(before), _totals(after)
    in_both = [key for key in rows_a if key in rows_b]
    places = [
        (columns_a[label], list(columns_a).index(label), list(columns_b).index(label))
        for label in labels
        if label not in names_a and label not in names_b
    ]
    return Differences(
        before=before,
        after=after,
        parameters=tuple(_parameters(before, after)),
        not_compared=tuple(not_compared),
        columns_only_in_a=tuple(label for label in columns_a if label not in columns_b),
        columns_only_in_b=tuple(label for label in columns_b if label not in columns_a),
        rows_only_in_a=tuple(_name(before, key, row) for key, row in rows_a.items() if key not in rows_b),
        rows_only_in_b=tuple(_name(after, key, row) for key, row in rows_b.items() if key not in rows_a),
        changes=tuple(
            change
            for key in in_both
            for change in _changes(_name(after, key, rows_b[key]), places, rows_a[key], rows_b[key])
        ),
        rows_compared=len(in_both),
        columns_compared=len(places),
    )


def _naming(result: StoredResult) -> tuple[str, ...]:
    """The heads of the columns whose cells name a row."""
    labels = [column.label for column in result.columns]
    by_id = tuple(label for label in NAMED_BY.get(result.report, ()) if label in labels)
    return by_id or tuple(labels[: key_column_count(result.columns)])


def _by_key(result: StoredResult) -> dict[Key, Row]:
    """The rows by what names them and, of rows of the same name, by their order."""
    names = _naming(result)
    places = [number for number, column in enumerate(result.columns) if column.label in names]
    seen: defaultdict[tuple[str, ...], int] = defaultdict(int)
    found: dict[Key, Row] = {}
    for row in result.rows:
        words = tuple(written(row[place], result.columns[place].kind) for place in places)
        seen[words] += 1
        found[words, seen[words]] = row
    return found


def _totals(result: StoredResult) -> dict[Key, Row]:
    """The row that tells of everything: Total, or the one row of a result without a grouping."""
    is_alone = len(result.rows) == 1 and not _naming(result)
    return {(("Total",), 1): result.rows[-1]} if result.rows and (result.has_total or is_alone) else {}


def _changes(
    name: str, places: Sequence[tuple[Column, int, int]], before: Row, after: Row
) -> Iterator[Change]:
    for column, place_a, place_b in places:
        cell_a, cell_b = before[place_a], after[place_b]
        if cell_a != cell_b:
            yield Change(name, column.label, column.kind, cell_a, cell_b, _difference(cell_a, cell_b))


def _difference(before: Cell, after: Cell) -> int | Decimal | None:
    if isinstance(before, int | Decimal) and isinstance(after, int | Decimal):
        return after - before
    return None


def _name(result: StoredResult, key: Key, row: Row) -> str:
    """The row in words: what stands in front of its figures, and in the columns that name it."""
    front = key_column_count(result.columns)
    names = _naming(result)
    words = [
        written(row[number], column.kind)
        for number, column in enumerate(result.columns)
        if number < front or column.label in names
    ]
    if words and words[0] == "Total" and not any(words[1:]):
        words = ["Total"]
    name = BETWEEN.join(word or "(empty)" for word in words) if words else WHOLE
    return name if key[1] == 1 else f"{name} (no. {key[1]} of that name)"


def _parameters(before: StoredResult, after: StoredResult) -> Iterator[Different]:
    asked = (before.parameters, after.parameters)
    for name in dict.fromkeys((*asked[0], *asked[1])):
        values = [parameters.get(name) for parameters in asked]
        if values[0] != values[1]:
            yield Different(name.replace("_", " "), *values)
    scopes = [result.generated_by.company_id for result in (before, after)]
    if scopes[0] != scopes[1]:
        yield Different("company scope", *scopes)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) or "nothing"
