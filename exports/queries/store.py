"""Saved queries in app.saved_queries: kept, found, changed and deleted, every version remembered.

Who asks is told by name, role and company, as in a result. An administrator without a company sees and
changes all. Others see what is theirs, for their company or for all, and change what is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from exports.errors import ChangedMeanwhile, InvalidParameter, NotFound, NotReady, close_matches
from exports.queries.definition import QueryDefinition, SavedQuery
from exports.queries.due import Schedule
from exports.result import GeneratedBy
from exports.snapshot import statement

Connection = psycopg.Connection[Any]
PACKAGE = "exports.queries"
ADMINISTRATOR = "administrator"


@dataclass(frozen=True)
class Version:
    """One line of a saved query's history."""

    version: int
    changed_at: datetime
    changed_by: str
    query: SavedQuery
    is_deletion: bool


def save(
    connection: Connection, definition: QueryDefinition, requested_by: GeneratedBy, now: datetime
) -> SavedQuery:
    """Keep a new query, due after `now`.

    Raises InvalidParameter where its owner has that title, or the requester may not save in the owner's name.
    """
    if not may_change(requested_by, definition):
        raise InvalidParameter(
            "owner", f"only an administrator saves a query in the name of {definition.owner}"
        )
    try:
        with connection.transaction():
            return _written(connection, "save", _values(definition, requested_by, now))
    except psycopg.errors.UniqueViolation:
        raise _title_is_taken(connection, definition) from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise _no_table() from error


def load(connection: Connection, query_id: int, *, with_deleted: bool = False) -> SavedQuery:
    """The query of that number; raises NotFound where there is none. Deleted ones only where asked for."""
    found = _found(connection, query_id=query_id, with_deleted=with_deleted, sees_all=True)
    if not found:
        raise NotFound(f"no saved query {query_id}; list them with: subdyn query list")
    return found[0]


def find_own(connection: Connection, owner: str, title: str) -> SavedQuery | None:
    """The owner's query of that title, which nobody else writes until the transaction ends."""
    row = _row(connection, "lock", {"query_id": None, "owner": owner, "title": title})
    return None if row is None else _query(row)


def find(connection: Connection, name: str, requested_by: GeneratedBy) -> SavedQuery:
    """The query of that number or title that one may see; of several of one title one's own.

    Raises NotFound, naming what it may have been.
    """
    seen = list_queries(connection, requested_by)
    wanted = name.strip()
    if wanted.isascii() and wanted.isdigit():
        by_number = [query for query in seen if query.query_id == int(wanted)]
        if by_number:
            return by_number[0]
    titled = [query for query in seen if query.title == wanted]
    if not titled:
        titled = [query for query in seen if query.title.casefold() == wanted.casefold()]
    own = [query for query in titled if query.owner == requested_by.name]
    found = own if len(own) == 1 else titled
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(f"{query.query_id} of {query.owner}" for query in found)
        raise NotFound(f"several saved queries are called {name!r}: {numbers}; name one by its number")
    matches = close_matches(wanted, [query.title for query in seen])
    raise NotFound(f"no saved query {name!r}: {matches}; list them with: subdyn query list")


def list_queries(connection: Connection, requested_by: GeneratedBy) -> list[SavedQuery]:
    """What the requester may see, by title, then number."""
    return _found(
        connection,
        sees_all=_is_administrator(requested_by),
        name=requested_by.name,
        company_id=requested_by.company_id,
    )


def list_all(connection: Connection) -> list[SavedQuery]:
    """Every query that is not deleted, by number: for those who run them."""
    return sorted(_found(connection, sees_all=True), key=lambda query: query.query_id)


def change(
    connection: Connection,
    query_id: int,
    version: int,
    definition: QueryDefinition,
    requested_by: GeneratedBy,
    now: datetime,
) -> SavedQuery:
    """Write a new version in the place of the one that was loaded.

    Due times that passed while there was another schedule, none, or while it rested are not made up for.
    What equals the newest version is not written. Raises ChangedMeanwhile where that version is no longer the
    newest, InvalidParameter where the owner has another query of that title or it may not be changed.
    """
    try:
        with connection.transaction():
            known = _locked(connection, query_id, version, requested_by)
            if is_same(known, definition):
                return known
            values = _values(definition, requested_by, now) | {
                "schedule_restarts": _restarts(known.schedule, definition.schedule),
                "query_id": query_id,
            }
            return _written(connection, "change", values)
    except psycopg.errors.UniqueViolation:
        raise _title_is_taken(connection, definition) from None


def delete(connection: Connection, query_id: int, version: int, requested_by: GeneratedBy) -> SavedQuery:
    """Delete the query as it was loaded; its history and its results stay, what was still due is missed.

    Raises ChangedMeanwhile and InvalidParameter as `change` does.
    """
    with connection.transaction():
        known = _locked(connection, query_id, version, requested_by)
        by = requested_by.name
        values = {"query_id": query_id, "by": by, "reason": f"{known.name} was deleted by {by}"}
        connection.execute(statement(PACKAGE, "delete"), values)
    return known


def pause(
    connection: Connection, query_id: int, requested_by: GeneratedBy, now: datetime, *, is_paused: bool
) -> SavedQuery:
    """Let the query's schedule rest, or go on from `now`; raises InvalidParameter where it has none."""
    known = load(connection, query_id)
    if known.schedule is None:
        raise InvalidParameter("schedule", f"{known.name} has no schedule")
    schedule = replace(known.schedule, is_paused=is_paused)
    return change(connection, query_id, known.version, replace(known, schedule=schedule), requested_by, now)


def history_of(connection: Connection, query_id: int) -> list[Version]:
    """Every version of the query, newest first; a deleted query's as well."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement(PACKAGE, "history"), {"query_id": query_id}).fetchall()
    return [
        Version(
            row["version"],
            row["changed_at"],
            row["changed_by"],
            _query(row["content"] | {"changed_at": row["changed_at"]}),
            row["content"]["deleted_at"] is not None,
        )
        for row in found
    ]


def may_change(requested_by: GeneratedBy, query: QueryDefinition) -> bool:
    """Whether the requester may change or delete it."""
    return _is_administrator(requested_by) or requested_by.name == query.owner


def is_same(query: SavedQuery, definition: QueryDefinition) -> bool:
    """Whether the newest version says what the definition says."""
    parts = (part.name for part in fields(QueryDefinition))
    return all(getattr(query, name) == getattr(definition, name) for name in parts)


def _is_administrator(requested_by: GeneratedBy) -> bool:
    return requested_by.role == ADMINISTRATOR and requested_by.company_id is None


def _locked(connection: Connection, query_id: int, version: int, requested_by: GeneratedBy) -> SavedQuery:
    """The newest version, which nobody else writes until the transaction ends."""
    row = _row(connection, "lock", {"query_id": query_id, "owner": None, "title": None})
    if row is None:
        raise NotFound(f"no saved query {query_id}; list them with: subdyn query list")
    query = _query(row)
    if not may_change(requested_by, query):
        raise InvalidParameter("query", f"{query.name} is {query.owner}'s: only its owner changes it")
    if row["deleted_at"] is not None:
        raise ChangedMeanwhile(
            f"{query.name} was deleted by {query.changed_by} at {_shown(query.changed_at)}"
        )
    if query.version != version:
        raise ChangedMeanwhile(
            f"{query.name} was changed by {query.changed_by} at {_shown(query.changed_at)},"
            f" version {query.version}: load it again"
        )
    return query


def _restarts(before: Schedule | None, after: Schedule | None) -> bool:
    if before is None or after is None:
        return before != after
    is_resumed = before.is_paused and not after.is_paused
    return is_resumed or (before.cron, before.time_zone) != (after.cron, after.time_zone)


def _found(
    connection: Connection,
    *,
    query_id: int | None = None,
    with_deleted: bool = False,
    sees_all: bool,
    name: str | None = None,
    company_id: int | None = None,
) -> list[SavedQuery]:
    """Those that the requester of that name and company may see, by title, then number."""
    values = {
        "query_id": query_id,
        "with_deleted": with_deleted,
        "sees_all": sees_all,
        "name": name,
        "company_id": company_id,
    }
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            return [_query(row) for row in cursor.execute(statement(PACKAGE, "find"), values)]
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise _no_table() from error


def _row(connection: Connection, name: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement(PACKAGE, name), values).fetchone()


def _written(connection: Connection, name: str, values: Mapping[str, Any]) -> SavedQuery:
    row = _row(connection, name, values)
    assert row is not None  # noqa: S101 - the statement gives back the row it wrote
    return _query(row)


def _query(row: Mapping[str, Any]) -> SavedQuery:
    has_schedule = row["cron"] is not None
    return SavedQuery(
        query_id=row["query_id"],
        title=row["title"],
        owner=row["owner"],
        visibility=row["visibility"],
        company_id=row["company_id"],
        report=row["report"],
        parameters=row["parameters"],
        formats=tuple(row["formats"]),
        chart=row["chart"],
        recipients=tuple(row["recipients"]),
        schedule=Schedule(row["cron"], row["time_zone"], row["missed"], row["is_paused"])
        if has_schedule
        else None,
        version=row["version"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
    )


def _values(definition: QueryDefinition, requested_by: GeneratedBy, now: datetime) -> dict[str, Any]:
    schedule = definition.schedule
    return {
        "title": definition.title,
        "owner": definition.owner,
        "visibility": definition.visibility,
        "company_id": definition.company_id,
        "report": definition.report,
        "parameters": Jsonb(dict(definition.parameters)),
        "formats": list(definition.formats),
        "chart": None if definition.chart is None else Jsonb(dict(definition.chart)),
        "recipients": list(definition.recipients),
        "cron": None if schedule is None else schedule.cron,
        "time_zone": None if schedule is None else schedule.time_zone,
        "missed": "catch_up" if schedule is None else schedule.missed,
        "is_paused": schedule is not None and schedule.is_paused,
        "now": now,
        "by": requested_by.name,
    }


def _title_is_taken(connection: Connection, definition: QueryDefinition) -> InvalidParameter:
    found = find_own(connection, definition.owner, definition.title)
    which = "" if found is None else f", number {found.query_id}"
    return InvalidParameter(
        "title",
        f"{definition.owner} has a saved query {definition.title!r} already{which}:"
        " change that one, or give another title",
    )


def _no_table() -> NotReady:
    return NotReady("the warehouse has no table app.saved_queries", "run: subdyn migrate")


def _shown(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
