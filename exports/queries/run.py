"""A saved query asked: the report's answer as of an instant, in the scope of who asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from exports.errors import InvalidParameter, ReportError
from exports.queries import reports
from exports.queries.definition import SavedQuery
from exports.queries.store import PACKAGE
from exports.result import GeneratedBy, StoredResult
from exports.result_store import store
from exports.snapshot import Snapshot, reading, statement

Connection = psycopg.Connection[Any]
SCHEDULE_ROLE = "schedule"


def on_schedule(query: SavedQuery) -> GeneratedBy:
    """In whose name a scheduled result is generated: the owner's, within the query's company."""
    return GeneratedBy(query.owner, SCHEDULE_ROLE, query.company_id)


def asked_by(requested_by: GeneratedBy, query: SavedQuery) -> GeneratedBy:
    """In whose name a result is generated that somebody asks for: their own company, else the query's."""
    company_id = query.company_id if requested_by.company_id is None else requested_by.company_id
    return GeneratedBy(requested_by.name, requested_by.role, company_id)


def generate(connection: Connection, query: SavedQuery, as_of: datetime, by: GeneratedBy) -> StoredResult:
    """The query's result, not yet stored. The connection must be idle; it is left so.

    Relative intervals are seen from `as_of`. Every ReportError begins with the query's name; InvalidParameter
    names what the query asks for that is not there any more.
    """
    try:
        with reading(connection) as snapshot:
            _refuse_deleted(snapshot, query, by.company_id, as_of)
        return reports.ask(connection, query.report, query.parameters, by, as_of)
    except InvalidParameter as error:
        message = f"{query.name}: {error}; change it: subdyn query change {query.query_id}"
        raise InvalidParameter(error.parameter, message) from error
    except ReportError as error:
        error.args = (f"{query.name}: {error}",)
        raise


def generate_and_store(
    connection: Connection, query: SavedQuery, as_of: datetime, by: GeneratedBy
) -> StoredResult:
    """The same, stored."""
    result = generate(connection, query, as_of, by)
    with connection.transaction():
        return store(connection, result)


def _refuse_deleted(snapshot: Snapshot, query: SavedQuery, scope: int | None, as_of: datetime) -> None:
    """Raises InvalidParameter for a company or package that is not there any more, by its name.

    Somebody may ask of one that was deleted; what goes out again and again would tell of it for ever.
    """
    company_ids = [id_ for id_ in (scope, query.parameters.get("company_id")) if id_ is not None]
    package_id = query.parameters.get("package_id")
    asked = {"company_ids": company_ids, "package_id": package_id}
    known = {(row["what"], row["id"]): row for row in snapshot.rows(statement(PACKAGE, "asked_for"), asked)}
    packages = [] if package_id is None else [package_id]
    for what, id_ in (*(("company", id_) for id_ in company_ids), *(("package", id_) for id_ in packages)):
        found = known.get((what, id_))
        if found is None:
            raise InvalidParameter(what, f"{what} {id_} is not known any more")
        deleted_at = found["deleted_at"]
        if deleted_at is not None and deleted_at <= as_of:
            moment = f"{deleted_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            raise InvalidParameter(what, f"{what} {id_} ({found['name']}) was deleted at {moment}")
