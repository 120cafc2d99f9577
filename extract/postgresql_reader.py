"""Rows of a PostgreSQL source, in one snapshot, as binary COPY that the warehouse takes unread."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg
from psycopg import sql

from extract.drift import compared
from extract.errors import NeverRetry
from extract.postgresql import Connection, connected, translated
from extract.result import Rejected
from extract.specification import Kind, SourceTable
from extract.statements import names, statement, trusted
from extract.streams import Put, streamed
from extract.waits import Waits, within
from extract.watermark import Since

_TEXTS = {"text", "varchar", "bpchar", "citext"}
_ACCEPTED: dict[Kind, set[str]] = {
    Kind.ID: {"int2", "int4", "int8"},
    Kind.AT: {"timestamptz"},
    Kind.TEXT: _TEXTS,
    Kind.BOOL: {"bool"},
    Kind.INT: {"int2", "int4"},
    Kind.DATE: {"date"},
}
_DIGITS: dict[Kind, tuple[int, int]] = {Kind.MONEY: (14, 6), Kind.RATE: (10, 10)}


@dataclass(frozen=True)
class PostgresqlReader:
    """One table of a PostgreSQL source in one snapshot."""

    connection: Connection
    table: SourceTable
    url: str
    waits: Waits
    copy_format: Literal["binary"] = "binary"

    @property
    def database(self) -> str:
        """How errors name the source."""
        return f"{self.table.source} database"

    async def drift(self) -> tuple[str, ...]:
        """The columns the specification does not know; NeverRetry if one is missing or changed."""
        relation = sql.Identifier(self.table.name).as_string()
        async with self.answered():
            found = await self.connection.fetch(statement("source_columns"), relation)
        fits = {record["name"]: _fits(self.table, record) for record in found}
        return compared(self.table, {record["name"]: record["type_name"] for record in found}, fits)

    def rows(self, since: Since) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The rows whose cursor is at or after `since`, all if None."""
        query = self._select(sql.SQL(""))
        if since is None:
            return self._copy(query)
        moved = sql.SQL(" where {} >= $1").format(sql.Identifier(self.table.cursor or ""))
        return self._copy(self._select(moved), since)

    def keys(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Key and cursor of every row."""
        chosen = [*self.table.key, *([self.table.cursor] if self.table.cursor else [])]
        return self._copy(self._select(sql.SQL(""), chosen))

    def rows_of(
        self, keys: Sequence[tuple[object, ...]]
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The rows with these keys, those that still exist."""
        arrays = sql.SQL(", ").join(
            sql.SQL("${}::{}[]").format(trusted(str(place)), trusted(self.table.column(name).raw_type))
            for place, name in enumerate(self.table.key, 1)
        )
        wanted = sql.SQL(" where ({}) in (select * from unnest({}))").format(names(self.table.key), arrays)
        return self._copy(self._select(wanted), *([list(part) for part in zip(*keys, strict=True)]))

    async def unreadable(self, since: Since) -> AsyncIterator[list[Rejected]]:
        """PostgreSQL holds no value that the warehouse could not."""
        return
        yield []

    async def unreadable_of(self, keys: Sequence[tuple[object, ...]]) -> AsyncIterator[list[Rejected]]:
        """PostgreSQL holds no value that the warehouse could not."""
        return
        yield []

    async def count(self, above: datetime | int | None) -> tuple[int, int]:
        """How many rows there are, and how many of them have a cursor above a value (0 for None)."""
        newer = sql.SQL("count(*) filter (where {} > $1)").format(sql.Identifier(self.table.cursor or ""))
        chosen = sql.SQL("0") if above is None else newer
        query = sql.SQL("select count(*), {} from {}").format(chosen, sql.Identifier(self.table.name))
        async with self.answered():
            ((rows, moved),) = await self.connection.fetch(
                query.as_string(), *([] if above is None else [above])
            )
        return rows, moved

    def _select(self, condition: sql.Composable, chosen: Sequence[str] | None = None) -> str:
        columns = [column for column in self.table.columns if chosen is None or column.name in chosen]
        if chosen is not None:
            columns = [self.table.column(name) for name in dict.fromkeys(chosen)]
        casts = sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Identifier(column.name), trusted(column.raw_type))
            for column in columns
        )
        return (
            sql.SQL("select {} from {}{}")
            .format(casts, sql.Identifier(self.table.name), condition)
            .as_string()
        )

    @asynccontextmanager
    async def _copy(self, query: str, *arguments: object) -> AsyncGenerator[AsyncIterator[bytes]]:
        async def produce(put: Put) -> None:
            with self._translated():
                await self.connection.copy_from_query(query, *arguments, output=put, format="binary")

        async with streamed(produce) as chunks:
            yield self._in_time(chunks)

    async def _in_time(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        seconds, message = self.waits.first_row_seconds, self.waits.no_first_row
        while True:
            async with within(seconds, self._message(message)):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk
            seconds, message = self.waits.between_rows_seconds, self.waits.no_further_row

    @asynccontextmanager
    async def answered(self) -> AsyncGenerator[None]:
        """Has the source answer within the wait for a first row; its errors as those of a load."""
        with self._translated():
            async with within(self.waits.first_row_seconds, self._message(self.waits.no_first_row)):
                yield

    def _message(self, what: str) -> str:
        return f"{self.table.source}.{self.table.name}: the {self.database} {what}"

    def _translated(self):
        return translated(self.url, self.database, f"{self.table.source}.{self.table.name}")


@asynccontextmanager
async def postgresql_reader(table: SourceTable, url: str, waits: Waits) -> AsyncGenerator[PostgresqlReader]:
    """A reader on a read-only snapshot of the source, taken now."""
    subject = f"{table.source}.{table.name}"
    async with connected(url, f"{table.source} database", subject, waits.connect_seconds) as connection:
        reader = PostgresqlReader(connection, table, url, waits)
        transaction = connection.transaction(isolation="repeatable_read", readonly=True)
        async with reader.answered():
            await transaction.start()
            if not await connection.fetchval(
                "select to_regclass($1) is not null", sql.Identifier(table.name).as_string()
            ):
                raise NeverRetry(f"{subject}: the {reader.database} has no table {table.name}")
        yield reader


def _fits(table: SourceTable, record: asyncpg.Record) -> bool:
    column = next((column for column in table.columns if column.name == record["name"]), None)
    if column is None:
        return True
    if column.kind in _DIGITS:
        return record["base_type"] == "numeric" and _within(record["modifier"], *_DIGITS[column.kind])
    if column.kind is Kind.TEXT and record["is_enum"]:
        return True
    return record["base_type"] in _ACCEPTED[column.kind]


def _within(modifier: int, whole: int, scale: int) -> bool:
    if modifier < 0:
        return False
    precision, digits = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    return digits <= scale and precision - digits <= whole
