"""A stored result to render: every kind of cell, a text that looks like a formula, and a Total row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from exports.result import Cell, Column, GeneratedBy, Interval, Kind, StoredResult, Table

COLUMNS = (
    Column("Date", Kind.DATE),
    Column("Package Name", Kind.TEXT),
    Column("Clients - All: Qty", Kind.COUNT, "Clients - All"),
    Column("Balance Refill: Total", Kind.MONEY, "Balance Refill", "USD"),
    Column("Balance Refill: Avg", Kind.RATIO, "Balance Refill", "USD"),
)
ROWS: tuple[tuple[Cell, ...], ...] = (
    (date(2026, 1, 1), "=1+1", 1234567, Decimal("1234.5000"), None),
    (date(2026, 1, 1), 'Gold, "best"', 1, Decimal("-0.5000"), Decimal("0.1250")),
    (date(2026, 1, 1), None, 0, Decimal("0.0000"), None),
    ("Total", None, 2, Decimal("1234.0000"), Decimal("1234.0000")),
)
START, END = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 1, 23, tzinfo=UTC)


def a_result(
    rows: tuple[tuple[Cell, ...], ...] = ROWS,
    message: str | None = None,
    details: tuple[Table, ...] = (),
    columns: tuple[Column, ...] = COLUMNS,
    **changes: Any,
) -> StoredResult:
    """The result, with those rows and that message; further changes by the fields' names."""
    asked = Interval(date(2026, 1, 1), date(2026, 1, 1), "Europe/Berlin", START, END)
    result = StoredResult(
        result_id="0" * 32,
        report="customer-dynamics",
        title="Customer Dynamics",
        parameters={"interval": None, "tags": ["gold", "new"], "company_id": None, "currency": "USD"},
        columns=columns,
        rows=rows,
        has_total=bool(rows),
        message=message,
        asked_interval=asked,
        data_interval=asked if rows else None,
        data_through={"billing": datetime(2026, 2, 1, tzinfo=UTC)},
        generated_by=GeneratedBy("ann", "analyst", 3),
        as_of=datetime(2026, 2, 1, 5, tzinfo=UTC),
        generated_at=datetime(2026, 2, 1, 5, tzinfo=UTC),
        duration_seconds=0.25,
        details=details,
    )
    return replace(result, **changes)
