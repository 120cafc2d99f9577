"""How many rows a source holds now, and how many of them moved since a run began; asked by checks only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
import sqlalchemy.exc
from bson import ObjectId
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from extract.specification import SourceCollection, SourceTable
from orchestration.connection_url import without_password

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_WAIT_MILLISECONDS = 10_000


class SourceUnreachable(Exception):
    """A source could not be counted; the message is one line without a password."""


@dataclass(frozen=True)
class SourceCount:
    """Rows in the source, and those among them that are newer than what was asked about."""

    rows: int
    newer: int


def count_source(
    specification: SourceTable | SourceCollection, url: str, since: datetime, highest_id: int | None = None
) -> SourceCount:
    """Rows of a table or collection, and those newer than `since`, or than `highest_id` where ids only grow.

    Raises SourceUnreachable.
    """
    try:
        if isinstance(specification, SourceCollection):
            return _count_documents(specification, url, since)
        return _count_rows(specification, url, since, highest_id)
    except (sqlalchemy.exc.SQLAlchemyError, PyMongoError, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        name = f"{specification.source}.{specification.name}"
        raise SourceUnreachable(f"{name} cannot be counted at {without_password(url)}: {reason}") from None


def _count_rows(table: SourceTable, url: str, since: datetime, highest_id: int | None) -> SourceCount:
    newer: sa.ColumnElement[int] = sa.literal(0)
    if table.cursor is not None:
        above = (highest_id or 0) if table.append_only else _stored(since, url)
        newer = sa.func.count(sa.case((sa.column(table.cursor) > above, 1)))
    query = sa.select(sa.func.count(), newer).select_from(sa.table(table.name))
    scheme, _, rest = url.partition("://")
    engine = sa.create_engine(f"{_DRIVERS[scheme]}://{rest}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows, moved = connection.execute(query).one()
    return SourceCount(rows, moved)


def _stored(instant: datetime, url: str) -> datetime:
    """The instant as the source keeps it: MySQL has no zones and holds UTC."""
    return instant.astimezone(UTC).replace(tzinfo=None) if url.startswith("mysql") else instant


def _count_documents(collection: SourceCollection, url: str, since: datetime) -> SourceCount:
    client: MongoClient = MongoClient(url, serverSelectionTimeoutMS=_WAIT_MILLISECONDS, tz_aware=True)
    with client:
        documents = client.get_default_database()[collection.name]
        newer: list[dict[str, object]] = [{"_id": {"$gt": ObjectId.from_datetime(since)}}]
        if collection.cursor is not None:
            newer.append({collection.cursor: {"$gt": since}})
        return SourceCount(documents.count_documents({}), documents.count_documents({"$or": newer}))
