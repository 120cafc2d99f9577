"""Documents of one MongoDB collection as raw batches; decoding happens once, in `documents`."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson.objectid import ObjectId
from pymongo.errors import ConfigurationError, PyMongoError

from extract import mongo
from extract.documents import DocumentLines
from extract.errors import NeverRetry, SourceRefused
from extract.specification import SourceCollection
from extract.waits import Waits
from extract.watermark import earlier, later_of, parse_instant, write_instant

_DOCUMENTS_AT_ONCE = 2_000
_REJECTED_AT_ONCE = 8 * 2**20
_CLOSE_SECONDS = 5.0
_LAST_OBJECT_ID_SECOND = 2**32 - 1


@dataclass
class MongoReader:
    """One collection. `is_there` is False for an optional collection that the database lacks."""

    client: mongo.Client
    collection: SourceCollection
    url: str
    database: str
    is_there: bool
    waits: Waits
    lines: DocumentLines

    @asynccontextmanager
    async def batches(self, watermark: str | None) -> AsyncGenerator[AsyncIterator[bytes]]:
        """COPY lines of what moved since the watermark, all if None; the next batch is fetched meanwhile."""
        source = self.client[self.database][self.collection.name]
        cursor = source.find_raw_batches(_moved(self.collection, watermark), batch_size=_DOCUMENTS_AT_ONCE)
        fetch = asyncio.ensure_future(self._first(cursor))

        async def encoded() -> AsyncIterator[bytes]:
            nonlocal fetch
            while (batch := await fetch) is not None:
                fetch = asyncio.ensure_future(self._next(cursor))
                yield self.lines.encode(batch)

        try:
            yield encoded()
        finally:
            await asyncio.wait([fetch])
            if not fetch.cancelled():
                fetch.exception()
            with suppress(PyMongoError):
                await mongo.in_time(_CLOSE_SECONDS, cursor.close)

    @property
    def is_rejecting_much(self) -> bool:
        """Whether what was set aside should be written before more is read."""
        return self.lines.rejected_size > _REJECTED_AT_ONCE

    def watermark(self, previous: str | None, as_of: datetime) -> str | None:
        """The watermark after what was read; no part of it moves back or beyond `as_of`."""
        known: dict[str, str] = json.loads(previous) if previous else {}
        instant, object_id = self.lines.highest_instant, self.lines.highest_id
        if instant is not None:
            known["cursor"] = write_instant(later_of(known.get("cursor"), min(instant, as_of)))
        if object_id is not None:
            known["_id"] = max(known.get("_id", ""), min(object_id, _first_object_id(as_of)))
        return json.dumps(known) if known else None

    async def count(self, since: datetime | None) -> tuple[int, int]:
        """How many documents there are, and how many of them are newer than an instant (0 for None)."""
        if not self.is_there:
            return 0, 0
        documents = self.client[self.database][self.collection.name]
        rows = await self._asked(documents.count_documents, {})
        if since is None:
            return rows, 0
        newer: list[dict[str, object]] = [{"_id": {"$gt": ObjectId.from_datetime(since)}}]
        if self.collection.cursor is not None:
            newer.append({self.collection.cursor: {"$gt": since}})
        return rows, await self._asked(documents.count_documents, {"$or": newer})

    async def _first(self, cursor: Any) -> bytes | None:
        return await self._asked(next, cursor, None)

    async def _next(self, cursor: Any) -> bytes | None:
        with self._translated(self.waits.no_further_row):
            return await mongo.in_time(self.waits.between_rows_seconds, next, cursor, None)

    async def _asked(self, call: Callable[..., Any], *arguments: object) -> Any:
        with self._translated(self.waits.no_first_row):
            return await mongo.in_time(self.waits.first_row_seconds, call, *arguments)

    def _translated(self, waited: str):
        return mongo.translated(self.url, self.collection.source, _subject(self.collection), waited)


@asynccontextmanager
async def mongo_reader(collection: SourceCollection, url: str, waits: Waits) -> AsyncGenerator[MongoReader]:
    """A reader of the collection; NeverRetry if the database or a collection that must be there is not."""
    subject = _subject(collection)
    with mongo.translated(url, collection.source, subject, waits.no_connection):
        client = await asyncio.to_thread(mongo.connect, url, waits.connect_seconds)
        try:
            name = client.get_default_database().name
        except ConfigurationError:
            raise NeverRetry(
                f"{subject}: the URL of the {collection.source} database names no database"
            ) from None
        try:
            there = await mongo.in_time(waits.connect_seconds, client[name].list_collection_names)
        except KeyError:
            raise SourceRefused(
                f"{subject}: the {collection.source} database answers no login,"
                " mend user or password of its URL"
            ) from None
    try:
        if not there:
            raise SourceRefused(
                f"{subject}: the database {name} holds no collections, mend the database name in the URL"
                f" of the {collection.source} database"
            )
        is_there = collection.name in there
        if not is_there and not collection.optional:
            raise NeverRetry(
                f"{subject}: the {collection.source} database has no collection {collection.name}"
            )
        yield MongoReader(client, collection, url, name, is_there, waits, DocumentLines(collection.cursor))
    finally:
        await mongo.in_time(_CLOSE_SECONDS, client.close)


def _moved(collection: SourceCollection, watermark: str | None) -> dict[str, Any]:
    if watermark is None:
        return {}
    try:
        known = json.loads(watermark)
        conditions: list[dict[str, Any]] = []
        if "_id" in known:
            made_at = ObjectId(known["_id"]).generation_time
            conditions.append({"_id": {"$gte": ObjectId(_first_object_id(earlier(made_at, collection.lag)))}})
        if collection.cursor and "cursor" in known:
            since = earlier(parse_instant(known["cursor"]), collection.lag)
            conditions.append({collection.cursor: {"$gte": since}})
            # old versions wrote the cursor as an ISO text, in any zone: those compare by day
            day = earlier(since, timedelta(days=1)).date().isoformat()
            conditions.append({collection.cursor: {"$gte": day}})
    except (ValueError, TypeError):
        raise NeverRetry(
            f"{_subject(collection)}: the stored watermark {watermark!r} cannot be read;"
            f" remove its row in raw_{collection.source}.watermarks to load the collection again"
        ) from None
    if len(conditions) < (3 if collection.cursor else 1):
        return {}
    return {"$or": conditions} if len(conditions) > 1 else conditions[0]


def _first_object_id(instant: datetime) -> str:
    second = int(instant.astimezone(UTC).timestamp())
    return f"{min(max(second, 0), _LAST_OBJECT_ID_SECOND):08x}{'0' * 16}"


def _subject(collection: SourceCollection) -> str:
    return f"{collection.source}.{collection.name}"
