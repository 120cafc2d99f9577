"""Subscribers' closed months: unbroken, guarded, and equal to the sum of their evidence and restatements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from exports.snapshot import reading, statement
from exports.verification.comparison import Comparison

PACKAGE = "exports.verification"
GUARDS = "guards of closed months"
_CREATED = re.compile(r"^create (?:or replace )?(?:function|aggregate) closed\.(\w+)", re.MULTILINE)
_DROPPED = re.compile(r"^drop (?:function|aggregate) (?:if exists )?closed\.(\w+)", re.MULTILINE)
_DEFINITION = (
    "select coalesce(pg_get_functiondef(f.oid), '') as definition, f.proacl::text as rights from pg_proc as f"
    " where f.pronamespace = {}::regnamespace and f.proname = {} and f.prokind = 'f'"
)


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
        for found in snapshot.rows(statement(PACKAGE, check.statement)):
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
        for found in snapshot.rows(statement(PACKAGE, "guards")):
            comparison.add(found["object_name"], found["value"], found["fault"])
        _compare_functions(connection, migrations, comparison)
    return comparison


def _compare_functions(
    connection: psycopg.Connection[Any], migrations: Iterable[str], comparison: Comparison
) -> None:
    """Note every function that is not what the migrations' text makes of it, or that no migration makes.

    Needs a connection inside a transaction: each function is made once more among the session's temporary
    objects, printed by the same server in the same words, and rolled back.
    """
    expected, aggregates = _made_by(migrations)
    for name, definition in expected.items():
        comparison.checked += 1
        made = _made_again(connection, name, definition)
        if made is None:
            comparison.add(f"function closed.{name}", None, "was dropped")
        else:
            for what, is_now, was_made in zip(("its definition", "its rights"), *made, strict=True):
                if is_now != was_made:
                    comparison.add(f"function closed.{name}", what, "is not what the migrations make")
    there = connection.execute(
        "select proname from pg_proc where pronamespace = to_regnamespace('closed') order by proname"
    )
    for (name,) in there.fetchall():
        if name not in expected and name not in aggregates:
            comparison.add(f"function closed.{name}", None, "is made by no migration")


def _made_by(migrations: Iterable[str]) -> tuple[dict[str, str], set[str]]:
    """The statement that makes each function, and the names of the aggregates."""
    functions: dict[str, str] = {}
    aggregates: set[str] = set()
    for text in migrations:
        for name in _DROPPED.findall(text):
            functions.pop(name, None)
        for match in _CREATED.finditer(text):
            if "aggregate" in match[0]:
                aggregates.add(match[1])
            else:
                functions[match[1]] = _statement_from(text, match.start())
    return functions, aggregates


def _made_again(
    connection: psycopg.Connection[Any], name: str, definition: str
) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """The function's definition and rights as they are, and as the statement makes them; None: it is gone."""
    there = connection.execute(_look_up("closed", name)).fetchone()
    if there is None:
        return None
    temporary = re.sub(r"^(create )(?:or replace )?(function )closed\.", r"\1\2pg_temp.", definition)
    with connection.transaction(force_rollback=True):
        connection.execute(temporary.encode())
        schema = connection.execute(
            "select nspname from pg_namespace where oid = pg_my_temp_schema()"
        ).fetchone()
        assert schema is not None  # noqa: S101 - the statement before made it
        made = connection.execute(_look_up(schema[0], name)).fetchone()
    assert made is not None  # noqa: S101 - as above
    # the server prints an object of the session as one of pg_temp, whatever its schema is called
    return there, (re.sub(r"FUNCTION pg_temp\w*\.", "FUNCTION closed.", made[0], count=1), made[1])


def _look_up(schema: str, name: str) -> sql.Composed:
    return sql.SQL(_DEFINITION).format(sql.Literal(schema), sql.Literal(name))


def _statement_from(text: str, start: int) -> str:
    """The statement that starts there: to the end of its quoted or atomic body, or to the next semicolon."""
    head = text[start:]
    for opened, closed in (("$$", "$$;"), ("begin atomic", "\nend;")):
        body = head.find(opened)
        if 0 <= body < head.find(";"):
            return head[: head.index(closed, body + len(opened)) + len(closed)]
    return head[: head.index(";\n") + 1]
