"""Finds what no cursor tells: keys that vanished from the source, rows that came back, late changes.

Keys and cursor values of the source are compared inside the warehouse. Vanished rows are marked, not removed;
rows that are missing, back again, or stand under another cursor value are fetched by key in one snapshot.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from psycopg import sql

from extract import interrupts, raw_relation
from extract.collections import copy_collection
from extract.load import TableReader, copy_rows, table_reader
from extract.raw_writer import RawWriter, raw_writer
from extract.result import LoadResult
from extract.specification import SourceCollection, SourceTable
from extract.statements import names, same, statement
from extract.waits import DEFAULT_WAITS, Waits

_KEYS_AT_ONCE = 2_000


def sweep_table(
    table: SourceTable,
    source_url: str,
    warehouse_url: str,
    as_of: datetime,
    waits: Waits = DEFAULT_WAITS,
) -> LoadResult:
    """Makes the raw table equal to the source's table; `deleted_count` rows were marked deleted at `as_of`.

    Raises RetryLater or NeverRetry, and then the warehouse is as it was.
    """
    return interrupts.run(_sweep_table(table, source_url, warehouse_url, as_of, waits))


def sweep_collection(
    collection: SourceCollection,
    source_url: str,
    warehouse_url: str,
    as_of: datetime,
    waits: Waits = DEFAULT_WAITS,
) -> LoadResult:
    """Makes the raw table equal to the collection, compared whole; errors as for `sweep_table`."""
    return interrupts.run(copy_collection(collection, source_url, warehouse_url, as_of, "sweep", waits=waits))


async def _sweep_table(
    table: SourceTable, source_url: str, warehouse_url: str, as_of: datetime, waits: Waits
) -> LoadResult:
    reading = table_reader(table, source_url, waits)
    async with (
        raw_writer(warehouse_url, raw_relation.of_table(table), "sweep", as_of) as writer,
        reading as reader,
    ):
        drift = await reader.drift()
        if table.cursor is None or writer.is_new:
            await copy_rows(writer, reader, None)
            await writer.apply(mark_vanished=True)
        else:
            await _receive_keys(writer, reader, table)
            async for keys in _wanted(writer, table):
                async with reader.rows_of(keys) as chunks:
                    await writer.receive(chunks, reader.copy_format)
                async for rejected in reader.unreadable_of(keys):
                    await writer.set_aside(rejected)
            await writer.apply()
            await writer.mark_vanished("source_keys")
        return await writer.finish(writer.previous_watermark, drift)


async def _receive_keys(writer: RawWriter, reader: TableReader, table: SourceTable) -> None:
    chosen = tuple(dict.fromkeys((*table.key, table.cursor or "")))
    make = sql.SQL("create temp table source_keys ({}) on commit drop")
    await writer.connection.execute(make.format(writer.relation.definitions(chosen)).as_string())
    async with reader.keys() as chunks:
        await writer.connection.copy_to_table(
            "source_keys",
            schema_name="pg_temp",
            columns=chosen,
            source=chunks,
            format=reader.copy_format,
        )
    await writer.require_unique_keys("source_keys")
    await writer.connection.execute("analyze pg_temp.source_keys")


async def _wanted(writer: RawWriter, table: SourceTable) -> AsyncIterator[list[tuple[object, ...]]]:
    cursor = sql.Identifier(table.cursor or "")
    await writer.connection.execute(
        statement(
            "wanted_keys",
            source_keys=names(table.key, "source_keys"),
            relation=writer.relation.identifier,
            same_key=same(table.key, "stored", "source_keys"),
            cursor_moved=sql.SQL("stored.{} is distinct from source_keys.{}").format(cursor, cursor),
        )
    )
    take = sql.SQL("select {} from wanted where position > $1 and position <= $2").format(names(table.key))
    position = 0
    while found := await writer.connection.fetch(take.as_string(), position, position + _KEYS_AT_ONCE):
        yield [tuple(record) for record in found]
        position += _KEYS_AT_ONCE
