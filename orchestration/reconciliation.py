"""The warehouse against the sources and itself: balances, row counts, what was lost or doubled.

Each as a list of findings; the nightly checks and `subdyn verify` both tell them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from exports.snapshot import statement
from exports.verification.comparison import Comparison
from extract.counts import count_source
from extract.errors import ExtractionError, RetryLater
from extract.specification import SourceCollection, SourceTable
from extract.waits import DEFAULT_WAITS, Waits

Tables = Sequence[SourceTable | SourceCollection]


@dataclass(frozen=True)
class BalanceDifference:
    """A customer whose ledger and live balance differ; unsettled if it moved while it was being read."""

    customer_id: int
    ledger_amount: Decimal
    live_amount: Decimal
    currency: str
    is_unsettled: bool

    def __str__(self) -> str:
        return (
            f"customer {self.customer_id}: ledger {self.ledger_amount} {self.currency},"
            f" live balance {self.live_amount} {self.currency}"
        )


@dataclass(frozen=True)
class CountComparison:
    """Rows of one raw table against its source; `explained` are rows set aside or moved since."""

    table: str
    raw_rows: int
    rejected_rows: int
    source_rows: int
    moved_rows: int

    @property
    def agrees(self) -> bool:
        """Whether the numbers are equal but for what moved since the run began."""
        return abs(self.source_rows - self.raw_rows - self.rejected_rows) <= self.moved_rows

    def __str__(self) -> str:
        aside = f" and {self.rejected_rows:,} set aside" if self.rejected_rows else ""
        return f"{self.table}: {self.raw_rows:,} rows in raw{aside}, {self.source_rows:,} in the source"


@dataclass(frozen=True)
class ConservationBreak:
    """A customer whose movements in raw are neither in the ledger nor set aside."""

    customer_id: int
    extracted_amount: Decimal
    set_aside_amount: Decimal
    ledger_amount: Decimal

    def __str__(self) -> str:
        return (
            f"customer {self.customer_id}: movements of {self.extracted_amount} in raw,"
            f" {self.ledger_amount} in the ledger, {self.set_aside_amount} set aside"
        )


def data_through(connection: psycopg.Connection, sources: Sequence[str]) -> dict[str, datetime]:
    """The `as_of` of each source's last complete load; a source never loaded is left out."""
    found: dict[str, datetime] = {}
    for source in sources:
        log = sql.Identifier(f"raw_{source}", "load_log")
        known = connection.execute("select to_regclass(%s)", (log.as_string(),)).fetchone()
        if known is None or known[0] is None:
            continue
        last = connection.execute(
            sql.SQL(
                "select min(loaded_at) from (select max(as_of) as loaded_at from {}"
                " where kind <> 'sweep' group by table_name) as tables"
            ).format(log)
        ).fetchone()
        if last is not None and last[0] is not None:
            found[source] = last[0]
    return found


def balance_differences(connection: psycopg.Connection, as_of: datetime) -> list[BalanceDifference]:
    """Customers whose movements do not add up to the source's live balance, by id."""
    rows = connection.execute(statement("orchestration.sql", "live_balances"), {"as_of": as_of})
    return [
        BalanceDifference(customer, ledger, live, currency, unsettled)
        for customer, ledger, live, currency, unsettled in rows
    ]


def conservation_breaks(connection: psycopg.Connection) -> list[ConservationBreak]:
    """Customers for whom something was lost or doubled between raw and the ledger, by id."""
    return [
        ConservationBreak(*row) for row in connection.execute(statement("orchestration.sql", "conservation"))
    ]


def count_comparison(
    connection: psycopg.Connection,
    specification: SourceTable | SourceCollection,
    source_url: str,
    as_of: datetime,
    waits: Waits = DEFAULT_WAITS,
) -> CountComparison:
    """One raw table's rows against the source's, asked now; raises ExtractionError."""
    schema = f"raw_{specification.source}"
    append_only = isinstance(specification, SourceTable) and specification.append_only
    highest = sql.SQL("max({})").format(sql.Identifier(specification.cursor or "")) if append_only else None
    counted = connection.execute(
        sql.SQL("select count(*), {} from {} where _deleted_at is null").format(
            highest or sql.SQL("null"), sql.Identifier(schema, specification.name)
        )
    ).fetchone()
    rejected = connection.execute(
        sql.SQL("select count(distinct key) from {} where table_name = %s").format(
            sql.Identifier(schema, "rejected")
        ),
        (specification.name,),
    ).fetchone()
    assert counted is not None and rejected is not None  # noqa: S101 - aggregates always give a row
    found = count_source(specification, source_url, as_of, counted[1], waits)
    name = f"{specification.source}.{specification.name}"
    return CountComparison(name, counted[0], rejected[0], found.rows, found.newer)


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
    query = sql.SQL("select table_name from {}").format(sql.Identifier(f"raw_{source}", "watermarks"))
    return {name for (name,) in connection.execute(query)}


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
            counted = count_comparison(connection, table, url, as_of, waits)
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
    for difference in balance_differences(connection, as_of):
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
    for one in conservation_breaks(connection):
        comparison.add(
            f"customer {one.customer_id}",
            f"movements of {one.extracted_amount} in raw",
            f"{one.ledger_amount} in the ledger, {one.set_aside_amount} set aside",
        )
    return comparison


def _count(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else 0
