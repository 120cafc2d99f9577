"""Functions of the schema `closed` as they are, against those that the migrations make."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from exports.verification.comparison import Comparison

_CREATED = re.compile(r"^create (?:or replace )?(?:function|aggregate) closed\.(\w+)", re.MULTILINE)
_DROPPED = re.compile(r"^drop (?:function|aggregate) (?:if exists )?closed\.(\w+)", re.MULTILINE)
_DEFINITION = (
    "select coalesce(pg_get_functiondef(f.oid), '') as definition, f.proacl::text as rights from pg_proc as f"
    " where f.pronamespace = {}::regnamespace and f.proname = {} and f.prokind = 'f'"
)


def compare_functions(
    connection: psycopg.Connection[Any], migrations: Iterable[str], comparison: Comparison
) -> None:
    """Note every function that is not what the migrations' text makes of it, or that no migration makes.

    Needs a connection inside a transaction: each function is made once more among the session's temporary
    objects, told by the same server in the same words, and taken back.
    """
    expected, aggregates = _made_by(migrations)
    for name, statement in expected.items():
        comparison.checked += 1
        made = _made_again(connection, name, statement)
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
    connection: psycopg.Connection[Any], name: str, statement: str
) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """The function's definition and rights as they are, and as the statement makes them; None: it is gone."""
    there = connection.execute(_look_up("closed", name)).fetchone()
    if there is None:
        return None
    temporary = re.sub(r"^(create )(?:or replace )?(function )closed\.", r"\1\2pg_temp.", statement)
    with connection.transaction(force_rollback=True):
        connection.execute(temporary.encode())
        schema = connection.execute(
            "select nspname from pg_namespace where oid = pg_my_temp_schema()"
        ).fetchone()
        assert schema is not None  # noqa: S101 - the statement before made it
        made = connection.execute(_look_up(schema[0], name)).fetchone()
    assert made is not None  # noqa: S101 - as above
    # an object of the session is told as one of pg_temp, whatever its schema is called
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
