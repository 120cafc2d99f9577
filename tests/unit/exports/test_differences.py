"""Two results side by side: rows by their names, columns by their heads, and what was asked differently."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from exports.differences.cells import Different, compare
from exports.errors import InvalidParameter
from exports.result import Cell, Column, GeneratedBy, Kind
from tests.support.results import COLUMNS, ROWS, a_result

JANUARY = date(2026, 1, 1)
BY_PACKAGE = (Column("Package Name", Kind.TEXT), Column("Packages: Renew Qty", Kind.COUNT, "Packages"))


def test_a_result_differs_in_nothing_from_itself() -> None:
    found = compare(a_result(), a_result(result_id="1" * 32))
    assert found.is_equal and found.changes == () and found.parameters == ()
    assert (found.rows_compared, found.columns_compared) == (4, 3)


def test_a_changed_cell_is_told_with_its_row_column_and_difference() -> None:
    rows = [list(row) for row in ROWS]
    rows[0][3], rows[0][4], rows[3][2] = Decimal("1234.4999"), Decimal("2.0000"), 3
    found = compare(a_result(), a_result(rows=tuple(map(tuple, rows))))
    text = [(one.row, one.column, one.before_text, one.after_text, one.difference) for one in found.changes]
    assert text == [
        ("2026-01-01 · =1+1", "Balance Refill: Total", "1234.5000", "1234.4999", Decimal("-0.0001")),
        # no value is not zero
        ("2026-01-01 · =1+1", "Balance Refill: Avg", "", "2.0000", None),
        ("Total", "Clients - All: Qty", "2", "3", 1),
    ]
    assert not found.is_equal


def test_rows_and_columns_of_one_alone_are_told() -> None:
    more = (*ROWS[:1], (JANUARY, "New", 1, Decimal(0), None), *ROWS[2:])
    found = compare(a_result(), a_result(rows=more))
    assert found.rows_only_in_a == ('2026-01-01 · Gold, "best"',)
    assert found.rows_only_in_b == ("2026-01-01 · New",)
    assert found.changes == ()
    narrower = a_result(columns=COLUMNS[:4], rows=tuple(row[:4] for row in ROWS))
    found = compare(a_result(), narrower)
    assert (found.columns_only_in_a, found.columns_only_in_b) == (("Balance Refill: Avg",), ())
    assert found.changes == () and not found.is_equal
    empty = compare(a_result(), a_result(rows=(), message="No data"))
    assert len(empty.rows_only_in_a) == 4


def test_rows_of_the_same_name_are_told_apart_by_their_order() -> None:
    before: tuple[tuple[Cell, ...], ...] = (("Gold", 10), ("Gold", 20), (None, 1), ("Total", 31))
    after: tuple[tuple[Cell, ...], ...] = (("Gold", 20), ("Gold", 20), ("Gold", 5), (None, 2), ("Total", 47))
    found = compare(a_result(rows=before, columns=BY_PACKAGE), a_result(rows=after, columns=BY_PACKAGE))
    assert [(one.row, one.difference) for one in found.changes] == [
        ("Gold", 10),
        ("(empty)", 1),
        ("Total", 16),
    ]
    assert found.rows_only_in_b == ("Gold (no. 3 of that name)",)


def test_what_was_asked_differently_is_told_and_the_rest_compared() -> None:
    other = a_result(
        parameters={"interval": None, "tags": ["gold"], "company_id": 5, "currency": "USD"},
        generated_by=GeneratedBy("bob", "analyst", 4),
    )
    found = compare(a_result(), other)
    assert found.parameters == (
        Different("tags", ["gold", "new"], ["gold"]),
        Different("company id", None, 5),
        Different("company scope", 3, 4),
    )
    assert found.is_equal


def test_amounts_of_two_currencies_are_not_subtracted() -> None:
    columns = tuple(replace(column, currency=column.currency and "EUR") for column in COLUMNS)
    rows = tuple((*row[:3], Decimal(7), Decimal(7)) for row in ROWS)
    found = compare(a_result(), a_result(columns=columns, rows=rows))
    assert found.changes == () and not found.is_equal
    assert found.not_compared == ("2 columns of amounts, which are in USD in A and in EUR in B",)


def test_of_other_groupings_totals_alone_are_compared() -> None:
    by_package = a_result(
        columns=COLUMNS[1:], rows=(("Gold", 4, Decimal(1), None), ("Total", 3, Decimal(1234), Decimal(1234)))
    )
    found = compare(a_result(), by_package)
    assert found.not_compared == (
        "rows other than totals: by Date and Package Name in A and by Package Name in B",
    )
    assert [(one.row, one.column, one.difference) for one in found.changes] == [
        ("Total", "Clients - All: Qty", 1)
    ]
    assert (found.rows_only_in_a, found.rows_only_in_b) == ((), ())
    # the one row of a result without a grouping is its total
    whole = a_result(columns=COLUMNS[2:], rows=((5, Decimal(1234), Decimal(1234)),), has_total=False)
    assert [one.difference for one in compare(a_result(), whole).changes] == [3]
    assert [one.row for one in compare(whole, replace(whole, rows=((6, Decimal(0), None),))).changes] == [
        "whole interval"
    ] * 3


def test_a_subscriber_is_known_by_its_id_whatever_its_name() -> None:
    columns = (Column("Subscriber", Kind.TEXT), Column("ID", Kind.TEXT), Column("Super", Kind.COUNT))
    before = a_result(report="subscriber-metrics", columns=columns, rows=(("Ann", "1", 1), ("Bob", "2", 2)))
    after = replace(before, rows=(("Bob", "2", 3), ("Zoe", "1", 1)))
    assert [(one.row, one.column, one.after) for one in compare(before, after).changes] == [
        ("Zoe · 1", "Subscriber", "Zoe"),
        ("Bob · 2", "Super", 3),
    ]


def test_results_of_two_reports_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="a customer-dynamics cannot be compared with a seat-evidence"):
        compare(a_result(), a_result(report="seat-evidence"))
