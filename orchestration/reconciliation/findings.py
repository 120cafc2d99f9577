"""Each comparison as a list of findings; the nightly checks and `subdyn verify` both tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import psycopg
from psycopg import sql

from extract.counts import count_source
from extract.specification import SourceCollection, SourceTable
from extract.waits import DEFAULT_WAITS, Waits

_FOLDER = Path(__file__).parent


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
    rows = connection.execute(_statement("live_balances"), {"as_of": as_of})
    return [
        BalanceDifference(customer, ledger, live, currency, unsettled)
        for customer, ledger, live, currency, unsettled in rows
    ]


def conservation_breaks(connection: psycopg.Connection) -> list[ConservationBreak]:
    """Customers for whom something was lost or doubled between raw and the ledger, by id."""
    return [ConservationBreak(*row) for row in connection.execute(_statement("conservation"))]


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


def _statement(name: str) -> bytes:
    return (_FOLDER / f"{name}.sql").read_bytes()
