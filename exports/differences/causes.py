"""Which facts came or changed between two results of one report: late and rerated movements, restatements.

Raw tables keep each row as it is now, with the load that brought or changed it last; what it was before is
not known. So these are the facts that can have made the difference, not a proof of each cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg

from exports.errors import NotReady
from exports.reports.customer_dynamics import parameters as customer_dynamics
from exports.reports.subscriber_metrics import parameters as subscriber_metrics
from exports.result import StoredResult
from exports.snapshot import Snapshot, reading, statement

PACKAGE = "exports.differences"
MOST_LISTED = 20
# What became of a movement since the earlier result, in words.
WHAT = {
    "late": "entered after the earlier result's data, confirmed before it ends",
    "changed": "entered before, changed since (or seen only since)",
    "deleted": "entered before, deleted since",
    "unconfirmed": "entered before, changed since, not confirmed now",
    "new": "confirmed after the earlier result's data",
    "changed again": "changed again after the later result: what that one saw of it is not known",
}


@dataclass(frozen=True)
class Movement:
    """A movement as it is now: signed amount in its currency, what became of it, and the load's as-of."""

    transaction_id: int
    customer_id: int
    confirmed_at: datetime | None
    kind: str
    amount: Decimal
    currency: str
    package_id: int | None
    what: str
    is_before_the_interval: bool
    loaded_as_of: datetime


@dataclass(frozen=True)
class Restatement:
    """A difference that was noticed of a closed month; the values are as the ledger writes them."""

    subscriber_id: int
    subscriber_name: str
    month: date
    metric: str
    closed_value: str | None
    previous_value: str | None
    value_now: str | None
    cause: str
    load_id: int | None
    noticed_at: datetime


@dataclass(frozen=True)
class Causes:
    """What was loaded or noticed after the earlier result's data through, up to the later one's.

    The lists hold the first 20; `movement_counts` (by what became of them) and `restatement_count` count all.
    `other_rows` counts rows of other raw tables that may have done it. `unknown` says why nothing is known.
    """

    known_earlier: datetime | None = None
    known_later: datetime | None = None
    movements: tuple[Movement, ...] = ()
    movement_counts: Mapping[str, int] | None = None
    other_rows: Mapping[str, int] | None = None
    restatements: tuple[Restatement, ...] = ()
    restatement_count: int = 0
    unknown: str | None = None


def find_causes(connection: psycopg.Connection[Any], before: StoredResult, after: StoredResult) -> Causes:
    """What can have made the difference between two results, whichever was first.

    The connection must be idle; it is left so.
    """
    source = "billing" if before.report == customer_dynamics.REPORT else "platform"
    known = sorted(result.data_through[source] for result in (before, after) if source in result.data_through)
    if len(known) < 2:
        return Causes(unknown=f"a result does not say through when its data of {source} went")
    earlier, later = known
    if earlier == later:
        return Causes(earlier, later)
    try:
        with reading(connection) as snapshot:
            if before.report == customer_dynamics.REPORT:
                return _movements(snapshot, before, after, earlier, later)
            if before.report in (subscriber_metrics.REPORT, subscriber_metrics.EVIDENCE_REPORT):
                return _restatements(snapshot, before, after, earlier, later)
    except NotReady as error:
        return Causes(earlier, later, unknown=str(error))
    return Causes(earlier, later, unknown=f"nothing is known of what moves a {before.report}")


def _movements(
    snapshot: Snapshot, before: StoredResult, after: StoredResult, earlier: datetime, later: datetime
) -> Causes:
    """Movements of the customers that pass the filters of both, confirmed before the interval's end.

    One before the interval changes balances and who is active, no sum of movements.
    """
    both = (before, after)
    asked = {
        "known_earlier": earlier,
        "known_later": later,
        "starts_at": min(result.asked_interval.starts_at for result in both),
        "ends_at": max(result.asked_interval.ends_at for result in both),
        "client_type": _common(both, "client_type"),
        "tags": _common(both, "tags") or None,
        "owner_user_id": _common(both, "owner_user_id"),
        "branches": _branches(both) or None,
        "most": MOST_LISTED,
    }
    found = snapshot.rows(statement(PACKAGE, "movements"), asked)
    others = snapshot.rows(statement(PACKAGE, "other_rows"), asked)
    counts = {row["what"]: row.pop("movement_count") for row in found}
    listed = [row for row in found if row.pop("is_listed")]
    return Causes(
        earlier,
        later,
        movements=tuple(Movement(**row) for row in listed),
        movement_counts=dict(sorted(counts.items())),
        other_rows={row["table_name"]: row["row_count"] for row in others},
    )


def _restatements(
    snapshot: Snapshot, before: StoredResult, after: StoredResult, earlier: datetime, later: datetime
) -> Causes:
    both = (before, after)
    asked = {
        "known_earlier": earlier,
        "known_later": later,
        "from_date": min(result.asked_interval.from_date for result in both),
        "to_date": max(result.asked_interval.to_date for result in both),
        "subscriber_id": _common(both, "subscriber_id"),
        "most": MOST_LISTED,
    }
    found = snapshot.rows(statement(PACKAGE, "restatements"), asked)
    count = found[0]["restatement_count"] if found else 0
    for row in found:
        del row["restatement_count"]
    return Causes(
        earlier,
        later,
        restatements=tuple(Restatement(**row) for row in found),
        restatement_count=count,
    )


def _common(results: Sequence[StoredResult], name: str) -> Any:
    """What all of them were asked; None where they were not asked the same."""
    first, second = (result.parameters.get(name) for result in results)
    return first if first == second else None


def _branches(results: Sequence[StoredResult]) -> list[int]:
    """The companies whose branches limit all of them."""
    limits = [
        {
            id_
            for id_ in (result.parameters.get("company_id"), result.generated_by.company_id)
            if id_ is not None
        }
        for result in results
    ]
    return sorted(set[int].intersection(*limits))
