"""Customers' balances and paid uses, now and at past instants, summed up from raw movements and compared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from exports.snapshot import reading, statements
from exports.verification.comparison import Comparison, Rotation
from exports.verification.recomputation.raw_tables import PACKAGE, Progress, data_through, quietly, stream

NAME, UNIT = "customers recomputed from raw", "customers"
NIGHTLY_BOUND = 5_000
_BATCH = 2_000
_STATEMENTS = statements(PACKAGE, "customers")


def recompute_customers(
    connection: psycopg.Connection[Any], as_of: datetime | None, progress: Progress = quietly
) -> Comparison:
    """Recompute the slice of the night of `as_of`, or every customer where it is None.

    The connection must be idle. Each customer is looked at at data through, when it was created and deleted,
    and around four movements that the date of data through draws. Raises NotReady where something it reads
    was never built.
    """
    comparison = Comparison(NAME, UNIT)
    with reading(connection):
        through = data_through(connection, "billing", comparison)
        if through is not None:
            _recompute(connection, through, as_of, comparison, progress)
    return comparison


def _recompute(
    connection: psycopg.Connection[Any],
    through: datetime,
    as_of: datetime | None,
    comparison: Comparison,
    progress: Progress,
) -> None:
    chosen = [id_ for (id_,) in stream(connection, _STATEMENTS["customer_ids"])]
    if as_of is not None:
        rotation = Rotation.of_date(as_of, len(chosen), NIGHTLY_BOUND)
        comparison.nights = rotation.nights
        chosen = [id_ for id_ in chosen if rotation.takes(id_)]
    seed = through.astimezone(UTC).date().isoformat()
    for position in range(0, len(chosen), _BATCH):
        batch = chosen[position : position + _BATCH]
        found = connection.execute(
            _STATEMENTS["differences"],
            {"customer_ids": batch, "data_through": through, "seed": seed},
            prepare=False,
        )
        for customer_id, at, name, stored, recomputed in found.fetchall():
            key = f"customer {customer_id}" + (
                f" at {at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if at else ""
            )
            comparison.add(key, f"{name} {stored or 'none'}", f"recomputed from raw: {recomputed or 'none'}")
        comparison.checked += len(batch)
        progress(NAME, comparison.checked)
