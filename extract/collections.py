"""Brings what moved in a MongoDB collection into the warehouse, and compares it whole when swept.

A load finds documents by their cursor, if the collection has one, and new ones by their growing ObjectId,
whatever their shape. What neither tells (a changed document without a usable cursor, a deleted one) the sweep
finds: it reads the collection whole.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime

from extract import raw_relation
from extract.mongo_reader import MongoReader, mongo_reader
from extract.raw_writer import RawWriter, raw_writer
from extract.result import LoadKind, LoadResult
from extract.specification import SourceCollection
from extract.waits import DEFAULT_WAITS, Waits


async def copy_collection(
    collection: SourceCollection,
    source_url: str,
    warehouse_url: str,
    as_of: datetime,
    kind: LoadKind,
    report_progress: Callable[[int], None] | None = None,
    waits: Waits = DEFAULT_WAITS,
) -> LoadResult:
    """One load ("changes") or sweep ("sweep") of the collection, committed."""
    relation = raw_relation.of_collection(collection)
    reading = mongo_reader(collection, source_url, waits)
    async with raw_writer(warehouse_url, relation, kind, as_of) as writer, reading as reader:
        previous = writer.previous_watermark
        if reader.is_there:
            await _copy(writer, reader, None if kind == "sweep" else previous, report_progress)
        await writer.apply()
        if kind == "sweep" and reader.is_there and not writer.is_new:
            await writer.keep_set_aside()
            await writer.mark_vanished("incoming")
        return await writer.finish(previous if kind == "sweep" else reader.watermark(previous, as_of))


async def _copy(
    writer: RawWriter,
    reader: MongoReader,
    watermark: str | None,
    report_progress: Callable[[int], None] | None,
) -> None:
    async with reader.batches(watermark) as batches:
        is_done = False

        async def until_much_is_rejected() -> AsyncGenerator[bytes, None]:
            nonlocal is_done
            async for lines in batches:
                if lines:
                    yield lines
                if reader.is_rejecting_much:
                    return
            is_done = True

        while not is_done:
            async with aclosing(until_much_is_rejected()) as run:
                await writer.receive(run, "text", report_progress)
            await writer.set_aside(reader.lines.take_rejected())
