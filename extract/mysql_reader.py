"""Rows of a MySQL or MariaDB source, in one snapshot, as text COPY that the server writes itself."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pymysql.cursors import SSCursor

from extract import mysql, mysql_lines
from extract.drift import compared
from extract.errors import NeverRetry, RetryLater
from extract.mysql_lines import Described
from extract.mysql_stream import OneColumn
from extract.result import Rejected
from extract.specification import Column, Kind, SourceTable
from extract.statements import text
from extract.streams import Put, streamed
from extract.waits import Waits
from extract.watermark import Since

Key = tuple[object, ...]

_ROWS_AT_ONCE = 5_000
_INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint"}
_ACCEPTED: dict[Kind, set[str]] = {
    Kind.ID: _INTEGERS,
    Kind.INT: _INTEGERS - {"bigint"},
    Kind.BOOL: {"tinyint", "bit"},
    Kind.AT: {"datetime", "timestamp"},
    Kind.DATE: {"date"},
    Kind.TEXT: {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"},
}
_DIGITS: dict[Kind, tuple[int, int]] = {Kind.MONEY: (14, 6), Kind.RATE: (10, 10)}


@dataclass
class MysqlReader:
    """One table of a MySQL or MariaDB source in one snapshot."""

    connection: Any
    table: SourceTable
    url: str
    waits: Waits
    copy_format: Literal["text"] = "text"
    _running: asyncio.Future[Any] | None = field(default=None, repr=False)
    _left_out: int = 0
    _columns: list[Described] = field(default_factory=list[Described], repr=False)

    async def take_snapshot(self) -> None:
        """What is read from now on is as it is now."""
        await self._all("set session transaction isolation level repeatable read")
        await self._all("start transaction with consistent snapshot, read only")

    async def drift(self) -> tuple[str, ...]:
        """The columns the specification does not know; NeverRetry if one is missing or changed."""
        found = await self._all(text("mysql_columns"), {"table_name": self.table.name})
        subject = f"{self.table.source}.{self.table.name}"
        if not found:
            raise NeverRetry(f"{subject}: the {self.table.source} database has no table {self.table.name}")
        records = [tuple(_decoded(value) for value in record) for record in found]
        message = {record[0]: record for record in records}
        self._columns = [_described(column, message.get(column.name)) for column in self.table.columns]
        return compared(
            self.table,
            {record[0]: record[2] for record in records},
            {record[0]: _fits(self.table, record) for record in records},
        )

    def rows(self, since: Since) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The rows whose cursor is at or after `since`, all if None."""
        condition, arguments = self._since(since)
        return self._stream(self._lines(condition), arguments)

    def keys(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Key and cursor of every row."""
        has_cursor = self.table.cursor and self.table.cursor not in self.table.key
        cursor = self._column(self.table.cursor or "") if has_cursor else None
        return self._stream(mysql_lines.select(mysql_lines.key_line(self._key, cursor), self.table.name), ())

    def rows_of(self, keys: Sequence[Key]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The rows with these keys, those that still exist."""
        condition, arguments = self._among(keys)
        return self._stream(self._lines(condition), arguments)

    async def unreadable(self, since: Since) -> AsyncIterator[list[Rejected]]:
        """The rows `rows` left out, read again in the same snapshot, with the reason."""
        if self._left_out:
            async for batch in self._set_aside(*self._since(since)):
                yield batch

    async def unreadable_of(self, keys: Sequence[Key]) -> AsyncIterator[list[Rejected]]:
        """The rows `rows_of` left out, with the reason."""
        if self._left_out:
            async for batch in self._set_aside(*self._among(keys)):
                yield batch

    async def close(self) -> None:
        """Hangs up, after a read under way in its thread has ended."""
        if self._running is not None and not self._running.done():
            await asyncio.wait([self._running])
        self.connection.close()

    @property
    def _key(self) -> list[Described]:
        return [self._column(name) for name in self.table.key]

    def _column(self, name: str) -> Described:
        return next(column for column in self._columns if column.name == name)

    def _lines(self, condition: str) -> str:
        line = mysql_lines.line(self._columns)
        return mysql_lines.select(line, self.table.name, condition)

    def _since(self, since: Since) -> tuple[str, tuple[object, ...]]:
        if since is None:
            return "", ()
        return f"where {mysql_lines.quoted(self.table.cursor or '')} >= %s", (_stored(since),)

    def _among(self, keys: Sequence[Key]) -> tuple[str, tuple[object, ...]]:
        names = ", ".join(mysql_lines.quoted(name) for name in self.table.key)
        one = f"({', '.join(['%s'] * len(self.table.key))})"
        return f"where ({names}) in ({', '.join([one] * len(keys))})", tuple(
            part for key in keys for part in key
        )

    async def _set_aside(
        self, condition: str, arguments: tuple[object, ...]
    ) -> AsyncIterator[list[Rejected]]:
        doubtful = [column for column in self._columns if column.is_doubtful]
        message = ", ".join(
            (
                mysql_lines.key_text(self._key),
                mysql_lines.reason(doubtful),
                mysql_lines.json_document(self._columns),
            )
        )
        bad = f"{condition or 'where true'} and ({mysql_lines.unreadable(doubtful)})"
        cursor = SSCursor(self.connection)
        await self._in_thread(cursor.execute, mysql_lines.select(message, self.table.name, bad), arguments)
        reported_count = 0
        while rows := await self._in_thread(cursor.fetchmany, _ROWS_AT_ONCE):
            reported_count += len(rows)
            yield [Rejected(_decoded(key), _decoded(why), _decoded(document)) for key, why, document in rows]
        if reported_count != self._left_out:
            raise RetryLater(
                f"{self.table.source}.{self.table.name}: {self._left_out} rows could not be stored,"
                f" but {reported_count} of them can be named: the table changed while it was read"
            )

    @asynccontextmanager
    async def _stream(
        self, query: str, arguments: tuple[object, ...]
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        async def produce(put: Put) -> None:
            self._left_out = 0
            values = await self._in_thread(OneColumn, self.connection, query, arguments)
            message = self.waits.no_first_row
            while (found := await self._in_thread(values.lines, message=message)) is not None:
                if message is not self.waits.no_further_row and any(found):
                    message = self.waits.no_further_row
                    values.set_patience(self.waits.between_rows_seconds)
                await put(self._joined(*found))

        async with streamed(produce) as chunks:
            yield chunks

    def _joined(self, lines: list[bytes], nulls: int) -> bytes:
        joined = b"".join(lines)
        self._left_out += nulls
        if b"\0" not in joined:
            return joined
        readable = [line for line in lines if b"\0" not in line]
        self._left_out += len(lines) - len(readable)
        return b"".join(readable)

    async def count(self, above: datetime | int | None) -> tuple[int, int]:
        """How many rows there are, and how many of them have a cursor above a value (0 for None)."""
        cursor = mysql_lines.quoted(self.table.cursor or "")
        newer = "0" if above is None else f"count(case when {cursor} > %s then 1 end)"
        counted = await self._all(
            mysql_lines.select(f"count(*), {newer}", self.table.name),
            () if above is None else (_stored(above),),
        )
        return counted[0]

    async def _all(
        self, query: str, arguments: Mapping[str, object] | tuple[object, ...] = ()
    ) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        await self._in_thread(cursor.execute, query, arguments)
        return list(cursor.fetchall())

    async def _in_thread(
        self, call: Callable[..., Any], *arguments: object, message: str | None = None
    ) -> Any:
        subject = f"{self.table.source}.{self.table.name}"
        with mysql.translated(self.url, self.table.source, subject, message or self.waits.no_first_row):
            self._running = asyncio.get_running_loop().run_in_executor(None, call, *arguments)
            return await asyncio.shield(self._running)


@asynccontextmanager
async def mysql_reader(table: SourceTable, url: str, waits: Waits) -> AsyncGenerator[MysqlReader]:
    """A reader on a read-only snapshot of the source, taken now."""
    subject = f"{table.source}.{table.name}"
    with mysql.translated(url, table.source, subject, waits.no_connection):
        connection = await asyncio.to_thread(mysql.connect, table.source, url, waits, subject)
    reader = MysqlReader(connection, table, url, waits)
    try:
        await reader.take_snapshot()
        yield reader
    finally:
        await reader.close()


def _stored(value: datetime | int) -> datetime | int:
    """The value as the source keeps it: there are no zones, instants are in UTC."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _decoded(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _fits(table: SourceTable, record: tuple[Any, ...]) -> bool:
    name, data_type, column_type, precision, scale, *_ = record
    column = next((column for column in table.columns if column.name == name), None)
    if column is None:
        return True
    if column.kind in _DIGITS:
        whole, digits = _DIGITS[column.kind]
        return data_type == "decimal" and scale <= digits and precision - scale <= whole
    if data_type == "bit":
        return column.kind is Kind.BOOL and column_type == "bit(1)"
    return data_type in _ACCEPTED[column.kind]


def _described(column: Column, record: tuple[Any, ...] | None) -> Described:
    if record is None:
        return Described(column)
    _, _, column_type, _, _, nullable, charset = record
    return Described(
        column,
        is_nullable=nullable != "NO",
        is_utf8=charset in ("utf8mb4", "utf8mb3", "utf8", "ascii"),
        is_unsigned="unsigned" in column_type,
    )
