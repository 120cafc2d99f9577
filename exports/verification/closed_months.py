"""Subscribers' closed months: unbroken, guarded, and equal to the sum of their evidence and restatements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg

from exports.snapshot import Snapshot, reading


@dataclass(frozen=True)
class Finding:
    """Something that is off: which check found it, in which row, and what it is."""

    check: str
    row: str
    fault: str

    def __str__(self) -> str:
        """The row and its fault on one line."""
        return f"{self.row}: {self.fault}" if self.row else self.fault


# The file that finds the faults, and what the check is called.
CHECKS = {
    "guards": "guards of closed months",
    "chain": "chain of closed months",
    "packs": "evidence packs",
    "evidence": "sums of the evidence",
    "ledger": "restatement ledger",
}


def verify_closed_months(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[Finding]]]:
    """What each check is called and every fault it found, in one snapshot of the warehouse.

    The connection must be idle; it is left so. Raises NotReady where the marts are not there yet.
    """
    with reading(connection) as snapshot:
        for name, called in CHECKS.items():
            yield called, run_check(snapshot, name)


def run_check(snapshot: Snapshot, name: str) -> list[Finding]:
    """The faults that one of CHECKS finds."""
    statement = files("exports.verification").joinpath(f"{name}.sql").read_bytes()
    return [Finding(CHECKS[name], _row(found), found["fault"]) for found in snapshot.rows(statement)]


def _row(found: dict[str, Any]) -> str:
    if "subscriber_id" not in found:
        return ""
    return f"subscriber {found['subscriber_id']}, month {found['month']:%Y-%m}"
