"""What was extracted, as the recomputations read it: row by row, up to data through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.adapt import Loader
from psycopg.pq import Format

from exports.verification.comparison import Comparison

PACKAGE = "exports.verification.recomputation"
# Called with how far a recomputation is: its name and how many are done.
Progress = Callable[[str, int], None]
# Models that have not read the last load of a table: after a run that failed, or while one goes on.
READ_LOADS = (
    "select split_part(input, '/', 3), model, position from app.model_watermarks"
    " where starts_with(input, %s) order by 1, 2"
)
_CURSORS = count()


class _InstantLoader(Loader):
    format = Format.BINARY

    def load(self, data: bytes | bytearray | memoryview) -> int:
        return int.from_bytes(data, "big", signed=True)


def stream(
    connection: psycopg.Connection[Any],
    statement: bytes,
    parameters: Mapping[str, Any] | None = None,
    batch_rows: int = 10_000,
) -> Iterator[tuple[Any, ...]]:
    """The rows of a statement as they come, instants as numbers.

    The connection must be inside a transaction; a batch of rows is held at a time.
    """
    with connection.cursor(name=f"recomputation_{next(_CURSORS)}", binary=True) as cursor:
        cursor.adapters.register_loader("timestamptz", _InstantLoader)
        cursor.itersize = batch_rows
        cursor.execute(statement, parameters or {})
        yield from cursor


def data_through(connection: psycopg.Connection[Any], source: str, comparison: Comparison) -> datetime | None:
    """Data through of the source; None where the marts do not show all of it: the comparison says why."""
    row = connection.execute(
        sql.SQL("select min(as_of) from {}").format(sql.Identifier(f"raw_{source}", "watermarks"))
    ).fetchone()
    if row is None or row[0] is None:
        comparison.skipped = f"{source} was never loaded"
        return None
    for table, model, position in connection.execute(READ_LOADS, (f"raw/{source}/",)).fetchall():
        last = connection.execute(
            sql.SQL("select max(_load_id) from {}").format(sql.Identifier(f"raw_{source}", table))
        ).fetchone()
        if last is not None and (last[0] or 0) > position:
            comparison.add(
                f"{source}.{table}",
                f"load {last[0]}",
                f"extracted, and {model} has read up to load {position} only: run: subdyn run nightly",
            )
    return None if comparison.found else row[0]


def quietly(_name: str, _done: int) -> None:
    """Progress that nobody watches."""
