"""Subscribers' closed months: unbroken, guarded, and equal to the sum of their evidence and restatements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg

from exports.snapshot import reading
from exports.verification.comparison import Comparison
from exports.verification.functions import compare_functions

GUARDS = "guards of closed months"


@dataclass(frozen=True)
class Check:
    """The statement that finds faults, what the check is called, and what it looks at."""

    statement: str
    name: str
    unit: str
    counted: str


CHECKS = (
    Check("chain", "chain of closed months", "closed months", "closed.subscriber_metrics_monthly"),
    Check("ledger_chain", "chain of restatements", "restatements", "closed.restatements"),
    Check("packs", "evidence packs", "stored results", "app.report_results"),
    Check("evidence", "sums of the evidence", "subscriber-months", "marts.subscriber_metrics"),
    Check("ledger", "restatement ledger", "closed months", "closed.subscriber_metrics_monthly"),
)


def run_check(connection: psycopg.Connection[Any], check: Check) -> Comparison:
    """Every fault that one of CHECKS finds, in one snapshot of the warehouse.

    The connection must be idle; it is left so. Raises NotReady where something it reads is not there yet.
    """
    with reading(connection) as snapshot:
        count = snapshot.row(f"select count(*) as number from {check.counted}".encode())  # noqa: S608 - our own
        comparison = Comparison(check.name, check.unit, checked=count["number"])
        for found in snapshot.rows(
            files("exports.verification").joinpath(f"{check.statement}.sql").read_bytes()
        ):
            key = f"subscriber {found['subscriber_id']}, month {found['month']:%Y-%m}"
            comparison.add(key, found.get("value"), found["fault"])
    return comparison


def verify_guards(connection: psycopg.Connection[Any], migrations: Iterable[str]) -> Comparison:
    """What keeps the closed tables closed, against what the migrations make of it.

    `migrations` are the texts of the migrations that made the closed tables, in order. The connection must be
    idle; it is left so.
    """
    comparison = Comparison(GUARDS, "functions")
    with reading(connection) as snapshot:
        for found in snapshot.rows(files("exports.verification").joinpath("guards.sql").read_bytes()):
            comparison.add(found["object_name"], found["value"], found["fault"])
        compare_functions(connection, migrations, comparison)
    return comparison
