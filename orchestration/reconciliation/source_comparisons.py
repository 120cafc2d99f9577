"""What `subdyn verify` compares with the sources: loads, row counts, balances, conservation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from exports.verification.comparison import Comparison
from extract.errors import ExtractionError, RetryLater
from extract.specification import SourceCollection, SourceTable
from extract.waits import Waits
from orchestration.reconciliation import findings

Tables = Sequence[SourceTable | SourceCollection]


def loaded_tables(connection: psycopg.Connection[Any], source: str, tables: Tables) -> Comparison:
    """Whether each of the source's tables has ever been loaded whole."""
    comparison = Comparison(f"loads of {source}", "tables", checked=len(tables))
    known = loaded(connection, source)
    for table in tables:
        if table.name not in known:
            comparison.add(
                f"{source}.{table.name}",
                None,
                "was never loaded: run: subdyn run nightly, and mend what it names",
            )
    return comparison


def loaded(connection: psycopg.Connection[Any], source: str) -> set[str]:
    """Names of the source's tables that were loaded at least once."""
    there = connection.execute("select to_regclass(%s)", (f"raw_{source}.watermarks",)).fetchone()
    if there is None or there[0] is None:
        return set()
    query = f"select table_name from raw_{source}.watermarks"  # noqa: S608 - one of our own names
    return {name for (name,) in connection.execute(query.encode())}


def row_counts(
    connection: psycopg.Connection[Any], source: str, tables: Tables, url: str, as_of: datetime, waits: Waits
) -> Comparison:
    """Rows in raw against rows in the source; tables that were never loaded are left out.

    A source that cannot be reached is told once.
    """
    comparison = Comparison(f"rows of {source} against the source", "rows in raw")
    known = loaded(connection, source)
    for table in tables:
        if table.name not in known:
            continue
        try:
            counted = findings.count_comparison(connection, table, url, as_of, waits)
        except ExtractionError as error:
            comparison.add(f"{source}.{table.name}", None, str(error))
            if isinstance(error, RetryLater):
                break
            continue
        comparison.checked += counted.raw_rows
        if not counted.agrees:
            aside = f" and {counted.rejected_rows:,} set aside" if counted.rejected_rows else ""
            comparison.add(
                counted.table,
                f"{counted.raw_rows:,} rows in raw{aside}",
                f"{counted.source_rows:,} in the source",
            )
    return comparison


def live_balances(connection: psycopg.Connection[Any], as_of: datetime) -> Comparison:
    """Each customer's movements against the balance that the source keeps."""
    comparison = Comparison("balances against the source", "customers")
    comparison.checked = _count(connection, "select count(*) from marts.dim_customer")
    for difference in findings.balance_differences(connection, as_of):
        if not difference.is_unsettled:
            comparison.add(
                f"customer {difference.customer_id}",
                f"ledger {difference.ledger_amount} {difference.currency}",
                f"live balance {difference.live_amount} {difference.currency}",
            )
    return comparison


def conservation(connection: psycopg.Connection[Any]) -> Comparison:
    """Whether what was extracted is in the ledger or set aside, nothing lost and nothing doubled."""
    comparison = Comparison("movements: raw against the ledger", "customers")
    comparison.checked = _count(connection, "select count(*) from marts.dim_customer")
    for one in findings.conservation_breaks(connection):
        comparison.add(
            f"customer {one.customer_id}",
            f"movements of {one.extracted_amount} in raw",
            f"{one.ledger_amount} in the ledger, {one.set_aside_amount} set aside",
        )
    return comparison


def _count(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else 0
