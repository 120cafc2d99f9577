"""Results in app.report_results, whose triggers refuse every later change: stored, found and listed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from exports.errors import NotFound, NotReady, ReportError, minute_text
from exports.result import StoredResult
from exports.result_json import content_of, from_row
from exports.snapshot import statement

ID_BEGINNING = re.compile(r"[0-9a-f]{8,32}", re.ASCII)
PACKAGE = "exports.result_store"


@dataclass(frozen=True)
class ResultSummary:
    """One line of the list of stored results."""

    result_id: str
    report: str
    generated_at: datetime
    generated_by: str
    rows: int
    parameters: Mapping[str, Any]
    from_date: date
    to_date: date


def store(connection: psycopg.Connection[Any], result: StoredResult) -> StoredResult:
    """Write the result; returned with the moment the database gave it. Raises NotReady without the table.

    It is a transaction of its own, or part of the caller's.
    """
    by = result.generated_by
    values = {
        "result_id": result.result_id,
        "report": result.report,
        "as_of": result.as_of,
        "generated_by": by.name,
        "role": by.role,
        "company_id": by.company_id,
        "duration_seconds": result.duration_seconds,
        "row_count": len(result.rows),
        "content": json.dumps(content_of(result), ensure_ascii=False),
    }
    try:
        with connection.transaction():
            row = connection.execute(statement(PACKAGE, "store"), values).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NotReady("the warehouse has no table app.report_results", "run: subdyn migrate") from error
    if row is None:
        raise ReportError("the warehouse did not store the result")
    return replace(result, generated_at=row[0])


def load(connection: psycopg.Connection[Any], result_id: str) -> StoredResult:
    """The stored result of that id; raises NotFound, of a pruned one with the moment it went."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement(PACKAGE, "load"), {"result_id": result_id}).fetchone()
    if found is None:
        raise _not_there(result_id, _known(connection, result_id))
    return from_row(found)


def check_result_id(beginning: str) -> str:
    """The beginning of an id, in lower case; raises NotFound for what cannot be one."""
    kept = beginning.strip().lower()
    if not ID_BEGINNING.fullmatch(kept):
        raise NotFound(
            f"no stored result {beginning!r}: an id is 32 hexadecimal digits, its first 8 are enough;"
            " list them with: subdyn report list"
        )
    return kept


def find_result_id(connection: psycopg.Connection[Any], beginning: str) -> str:
    """The id that begins so; raises NotFound where none does or several do."""
    kept = check_result_id(beginning)
    known = _known(connection, kept)
    found = [row["result_id"] for row in known if row["pruned_at"] is None]
    if not found:
        raise _not_there(kept, known)
    if len(found) > 1:
        raise NotFound(f"several stored results begin with {beginning!r}; list them with: subdyn report list")
    return found[0]


def list_results(connection: psycopg.Connection[Any], limit: int = 50) -> list[ResultSummary]:
    """The newest stored results, newest first."""
    with connection.cursor(row_factory=class_row(ResultSummary)) as cursor:
        return cursor.execute(statement(PACKAGE, "list"), {"most": limit}).fetchall()


def _known(connection: psycopg.Connection[Any], beginning: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement(PACKAGE, "find"), {"beginning": beginning}).fetchall()


def _not_there(beginning: str, known: list[dict[str, Any]]) -> NotFound:
    """Why no stored result begins so: it was pruned, or there never was one."""
    pruned = [row for row in known if row["pruned_at"] is not None]
    if len(pruned) != 1:
        return NotFound(f"no stored result {beginning!r}; list them with: subdyn report list")
    (gone,) = pruned
    return NotFound(
        f"result {gone['result_id']} ({gone['report']} of {minute_text(gone['generated_at'])})"
        f" was pruned on {minute_text(gone['pruned_at'])} by {gone['pruned_by']}"
    )
