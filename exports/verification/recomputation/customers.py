"""Customers' balances and paid uses, now and at past instants, summed up from raw movements and compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg

from exports.verification.comparison import Comparison
from exports.verification.recomputation.instants import statement, stream
from exports.verification.recomputation.rotation import Rotation

NAME, UNIT = "customers recomputed from raw", "customers"
NIGHTLY_BOUND = 5_000
_BATCH = 2_000


def recompute_customers(
    connection: psycopg.Connection[Any],
    data_through: datetime,
    as_of: datetime | None,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Recompute the slice of the night of `as_of`, or every customer where it is None.

    Needs a connection inside a transaction; `progress` is told how many customers are done. Each is looked at
    at data through, when it was created and deleted, and around four movements that the date of data through
    draws.
    """
    comparison = Comparison(NAME, UNIT)
    chosen = [id_ for (id_,) in stream(connection, "customer_ids", {})]
    if as_of is not None:
        rotation = Rotation.of_date(as_of, len(chosen), NIGHTLY_BOUND)
        comparison.nights = rotation.nights
        chosen = [id_ for id_ in chosen if rotation.takes(id_)]
    seed = data_through.astimezone(UTC).date().isoformat()
    for position in range(0, len(chosen), _BATCH):
        batch = chosen[position : position + _BATCH]
        found = connection.execute(
            statement("customers"),
            {"customer_ids": batch, "data_through": data_through, "seed": seed},
            prepare=False,
        )
        for customer_id, at, name, stored, recomputed in found:
            key = f"customer {customer_id}" + (
                f" at {at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if at else ""
            )
            comparison.add(key, f"{name} {stored or 'none'}", f"recomputed from raw: {recomputed or 'none'}")
        comparison.checked += len(batch)
        progress(comparison.checked)
    return comparison
