"""One read of the warehouse: every statement within it sees the same instant of the data."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import dict_row

from exports.errors import NotReady, ReportError

NOT_BUILT = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)
# Instants come in UTC. Compiling takes longer than these statements; passing rows on costs less than planned.
SETTINGS = (
    "set local time zone 'UTC'",
    "set local jit = off",
    "set local parallel_tuple_cost = 0",
    "set local work_mem = '64MB'",
)


# Short statements of one subject share a file, written as aiosql writes them.
NAMED = re.compile(r"^-- name: (\w+)\n(.*?);$", re.MULTILINE | re.DOTALL)


@cache
def statement(package: str, name: str) -> bytes:
    """The text of the .sql file of that name in a package."""
    return files(package).joinpath(f"{name}.sql").read_bytes()


@cache
def statements(package: str, name: str) -> Mapping[str, bytes]:
    """The statements of the .sql file of that name in a package, each by the name in the line above it."""
    return {named: text.encode() for named, text in NAMED.findall(statement(package, name).decode())}


class Snapshot:
    """Runs statements of bound parameters inside one repeatable-read transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def rows(self, statement: bytes, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every row as a dictionary; each run is planned for its own parameters: no one plan fits all."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, parameters or {}, prepare=False).fetchall()

    def row(self, statement: bytes, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The one row of a statement that always has one."""
        return self.rows(statement, parameters)[0]


@contextmanager
def reading(connection: psycopg.Connection[Any]) -> Generator[Snapshot]:
    """A snapshot of the warehouse on an idle connection.

    Raises NotReady where the marts are not built, ReportError for anything else the database refuses.
    """
    try:
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            for setting in SETTINGS:
                connection.execute(setting)
            yield Snapshot(connection)
    except NOT_BUILT as error:
        raise NotReady(f"the warehouse is not ready for this report ({first_line(error)})") from error
    except psycopg.Error as error:
        raise ReportError(f"the warehouse could not answer: {first_line(error)}") from error


def first_line(error: psycopg.Error) -> str:
    """The database's message without its details."""
    return (error.diag.message_primary or str(error) or type(error).__name__).splitlines()[0]
