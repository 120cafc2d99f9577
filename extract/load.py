"""Brings what moved in one table or collection into the warehouse, exactly once."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, Protocol

from psycopg import sql

from extract import interrupts, raw_relation, watermark
from extract.collections import copy_collection
from extract.errors import NeverRetry
from extract.mysql_reader import mysql_reader
from extract.postgresql import fetch_value
from extract.postgresql_reader import postgresql_reader
from extract.raw_writer import RawWriter, raw_writer
from extract.result import LoadResult, Rejected
from extract.specification import SourceCollection, SourceTable
from extract.waits import DEFAULT_WAITS, Waits

Key = tuple[object, ...]


class TableReader(Protocol):
    """One table of a source in one snapshot; chunks are COPY data in the source's column order."""

    @property
    def copy_format(self) -> Literal["binary", "text"]:
        """The format of the chunks."""
        ...

    async def drift(self) -> tuple[str, ...]:
        """What is told of columns that the source has and the specification has not."""
        ...

    def rows(self, since: watermark.Since) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The rows that moved since then."""
        ...

    def unreadable(self, since: watermark.Since) -> AsyncIterator[list[Rejected]]:
        """Those of them that cannot be stored, with their reasons."""
        ...

    def keys(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The keys of all rows."""
        ...

    def rows_of(self, keys: Sequence[Key]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The rows of these keys."""
        ...

    def unreadable_of(self, keys: Sequence[Key]) -> AsyncIterator[list[Rejected]]:
        """Those of them that cannot be stored, with their reasons."""
        ...

    async def count(self, above: datetime | int | None) -> tuple[int, int]:
        """How many rows there are, and how many with a cursor above that."""
        ...


def load_table(
    table: SourceTable,
    source_url: str,
    warehouse_url: str,
    as_of: datetime,
    report_progress: Callable[[int], None] | None = None,
    waits: Waits = DEFAULT_WAITS,
) -> LoadResult:
    """Loads what moved since the last load, the whole table where it has no cursor.

    `as_of` is the run's start, with time zone. `report_progress` gets the number of rows read so far. `waits`
    is the patience with the source. Raises RetryLater or NeverRetry, and then the warehouse is as it was.
    """
    return interrupts.run(_load_table(table, source_url, warehouse_url, as_of, report_progress, waits))


def load_collection(
    collection: SourceCollection,
    source_url: str,
    warehouse_url: str,
    as_of: datetime,
    report_progress: Callable[[int], None] | None = None,
    waits: Waits = DEFAULT_WAITS,
) -> LoadResult:
    """Loads the documents that moved since the last load; arguments and errors as for `load_table`."""
    return interrupts.run(
        copy_collection(collection, source_url, warehouse_url, as_of, "changes", report_progress, waits)
    )


def table_reader(table: SourceTable, url: str, waits: Waits) -> AbstractAsyncContextManager[TableReader]:
    """The reader for the engine that the URL's scheme names; NeverRetry for another one."""
    scheme = url.partition("://")[0]
    if scheme in ("postgresql", "postgres"):
        return postgresql_reader(table, url, waits)
    if scheme in ("mysql", "mariadb", "mysql+pymysql"):
        return mysql_reader(table, url, waits)
    raise NeverRetry(
        f"{table.source}.{table.name}: the URL of the {table.source} database"
        " has to start with postgresql:// or mysql://"
    )


async def _load_table(
    table: SourceTable,
    source_url: str,
    warehouse_url: str,
    as_of: datetime,
    report_progress: Callable[[int], None] | None,
    waits: Waits,
) -> LoadResult:
    relation = raw_relation.of_table(table)
    reading = table_reader(table, source_url, waits)
    kind = "changes" if table.cursor else "whole"
    async with raw_writer(warehouse_url, relation, kind, as_of) as writer, reading as reader:
        drift = await reader.drift()
        since = watermark.since(table, writer.previous_watermark)
        await copy_rows(writer, reader, since, report_progress)
        highest = await _highest(writer, table.cursor, as_of)
        await writer.apply(mark_vanished=kind == "whole")
        return await writer.finish(
            watermark.advanced(table, writer.previous_watermark, highest, as_of), drift
        )


async def copy_rows(
    writer: RawWriter,
    reader: TableReader,
    since: watermark.Since,
    report_progress: Callable[[int], None] | None = None,
) -> None:
    """Reads the rows from `since` on into the writer, what cannot be stored into its rejected rows."""
    async with reader.rows(since) as chunks:
        await writer.receive(chunks, reader.copy_format, report_progress)
    async for rejected in reader.unreadable(since):
        await writer.set_aside(rejected)


async def _highest(writer: RawWriter, cursor: str | None, as_of: datetime) -> datetime | int | None:
    if cursor is None:
        return None
    source = writer.relation.identifier if writer.is_new else sql.Identifier("pg_temp", "incoming")
    column = sql.Identifier(cursor)
    if dict(writer.relation.columns)[cursor] == "bigint":
        query = sql.SQL("select max({}) from {}").format(column, source)
        return await fetch_value(writer.connection, query.as_string())
    query = sql.SQL("select least(max({}), $1::timestamptz) from {}").format(column, source)
    return await fetch_value(writer.connection, query.as_string(), as_of)
