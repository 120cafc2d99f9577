"""Asking the built report what the recomputation is asked, and writing both down alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from exports.errors import MissingRate
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.customer_dynamics.report import generate
from exports.result import GeneratedBy, Kind, StoredResult, written
from tests.reference.customer_dynamics import Cell, Question, RateMissing, Source, recompute
from tests.support.warehouse import Warehouse

TESTER = GeneratedBy("tester", "analyst")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARCH: dict[str, Any] = {
    "from_date": "2024-03-01",
    "to_date": "2024-03-31",
    "time_zone": "UTC",
    "currency": "EUR",
}
READ_BY_THE_REPORT = (
    "+int_billing_built_through",
    "+data_through",
    *("+exchange_rate", "+filtered_customers", "+local_day_start", "+months_before"),
)
# the tables that they are
MARTS = (
    *("dim_account", "dim_company", "dim_customer", "dim_owner", "dim_package"),
    *("fct_customer_history", "fct_customer_month_start", "fct_customer_packages", "fct_exchange_rates"),
    *("fct_hourly_movements", "fct_package_events", "fct_package_holdings"),
    *("fct_transactions", "fct_transactions_rejected"),
)
Missing = tuple[str, date, str]
Answer = list[dict[str, Cell]] | Missing


def report(warehouse: Warehouse, asked: Mapping[str, Any], by: GeneratedBy = TESTER) -> StoredResult:
    """The report as generated from the warehouse for those parameters."""
    with psycopg.connect(warehouse.url) as connection:
        return generate(connection, CustomerDynamicsParameters.read(asked), by, NOW)


def rows_of(result: StoredResult) -> list[dict[str, Cell]]:
    """The rows, head to cell, dates and years as the recomputation labels them."""
    return [
        {
            column.label: written(cell, column.kind)
            if isinstance(cell, date) or column.kind is Kind.YEAR
            else cell
            for column, cell in zip(result.columns, row, strict=True)
        }
        for row in result.rows
    ]


def answer(connection: psycopg.Connection[Any], question: Question) -> Answer:
    """What the report says: its rows, or the first rate it lacks."""
    try:
        return rows_of(generate(connection, CustomerDynamicsParameters.read(asdict(question)), TESTER, NOW))
    except MissingRate as error:
        return "no rate", error.on_date, error.from_currency


def expected(source: Source, question: Question, data_through: datetime) -> Answer:
    """What the recomputation says: its rows, or the first rate it lacks."""
    try:
        return recompute(source, question, data_through)
    except RateMissing as error:
        return "no rate", *error.missing[0]


def marts(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every row of every table that the report reads, in order."""
    return warehouse.contents([f"marts.{name}" for name in MARTS])


def stored_results(warehouse: Warehouse) -> int:
    """How many results the warehouse keeps."""
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute("select count(*) from app.report_results").fetchone()
    assert row is not None
    return row[0]
