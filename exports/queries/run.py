"""A saved query asked: the report's answer as of an instant, in the scope of who asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from exports import result as results
from exports.errors import InvalidParameter, ReportError
from exports.queries import reports
from exports.queries.definition import SavedQuery
from exports.result import GeneratedBy, StoredResult
from exports.snapshot import Snapshot, reading

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
        return results.store(connection, result)


def _refuse_deleted(snapshot: Snapshot, query: SavedQuery, scope: int | None, as_of: datetime) -> None:
    """Raises InvalidParameter for a company or package that is not there any more, by its name.

    Somebody may ask of one that was deleted; what goes out again and again would tell of it for ever.
    """
    for company_id in (scope, query.parameters.get("company_id")):
        if company_id is not None:
            found = snapshot.rows(_COMPANY, {"id": company_id})
            _refuse(found, "company", company_id, as_of)
    package_id = query.parameters.get("package_id")
    if package_id is not None:
        _refuse(snapshot.rows(_PACKAGE, {"id": package_id}), "package", package_id, as_of)


def _refuse(found: list[dict[str, Any]], what: str, id_: int, as_of: datetime) -> None:
    if not found:
        raise InvalidParameter(what, f"{what} {id_} is not known any more")
    name, deleted_at = found[0]["name"], found[0]["deleted_at"]
    if deleted_at is not None and deleted_at <= as_of:
        raise InvalidParameter(
            what, f"{what} {id_} ({name}) was deleted at {deleted_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        )


_COMPANY = b"select name, deleted_at from marts.dim_company where company_id = %(id)s"
_PACKAGE = b"select name, deleted_at from marts.dim_package where package_id = %(id)s"
