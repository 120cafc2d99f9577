"""A SQL source for the tests, used alike on PostgreSQL and MariaDB, and the warehouse's side of a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
from psycopg import sql

from extract.load import load_table
from extract.result import LoadResult
from extract.sources import billing, platform
from extract.specification import Column, Kind, SourceTable
from extract.sweep import sweep_table

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = {(table.source, table.name): table for table in (*billing.TABLES, *platform.TABLES)}
CUSTOMERS = TABLES["billing", "customers"]
TAGS = TABLES["billing", "customer_tags"]
USER_CHANGES = TABLES["platform", "user_changes"]

_TYPES = {
    "postgresql": {
        Kind.ID: "bigint",
        Kind.AT: "timestamptz",
        Kind.MONEY: "numeric(20,6)",
        Kind.RATE: "numeric(20,10)",
        Kind.TEXT: "text",
        Kind.BOOL: "boolean",
        Kind.INT: "integer",
        Kind.DATE: "date",
    },
    "mariadb": {
        Kind.ID: "bigint",
        Kind.AT: "datetime(6)",
        Kind.MONEY: "decimal(20,6)",
        Kind.RATE: "decimal(20,10)",
        Kind.TEXT: "varchar(120)",
        Kind.BOOL: "boolean",
        Kind.INT: "int",
        Kind.DATE: "date",
    },
}


@dataclass(frozen=True)
class SqlSource:
    """One database; `engine` is postgresql or mariadb. Instants are given aware and stored in UTC."""

    url: str
    engine: str

    def execute(self, command: str, *arguments: object) -> None:
        """Run and commit one command with %s placeholders."""
        if self.engine == "postgresql":
            with psycopg.connect(self.url) as connection:
                connection.execute(command, arguments or None)  # pyright: ignore[reportArgumentType]
            return
        with pymysql_connection(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(command, [_naive(value) for value in arguments] or None)
            connection.commit()

    def create(self, table: SourceTable) -> None:
        """Make the table as the source contract has it."""
        columns = ", ".join(self._definition(column) for column in table.columns)
        self.execute(f"create table {table.name} ({columns}, primary key ({', '.join(table.key)}))")

    def insert(self, table: SourceTable, rows: Sequence[Sequence[object]]) -> None:
        """Insert rows in the specification's column order."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        marks = ", ".join(["%s"] * len(table.columns))
        command = f"insert into {table.name} ({names}) values ({marks})"
        if self.engine == "postgresql":
            with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
                cursor.executemany(command, rows)  # pyright: ignore[reportArgumentType]
            return
        with pymysql_connection(self.url) as connection, connection.cursor() as cursor:
            cursor.executemany(command, [[_naive(value) for value in row] for row in rows])
            connection.commit()

    def hold(self, table: SourceTable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make a table of PostgreSQL hold exactly these rows."""
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("truncate {}").format(sql.Identifier(table.name)))
            copied = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table.name), names)
            with cursor.copy(copied) as copy:
                for row in rows:
                    copy.write_row([row[column.name] for column in table.columns])

    def load(self, table: SourceTable, warehouse: str, as_of: datetime = AS_OF) -> LoadResult:
        """Load the table from this source."""
        return load_table(table, self.url, warehouse, as_of)

    def sweep(self, table: SourceTable, warehouse: str, as_of: datetime = AS_OF) -> LoadResult:
        """Sweep the table against this source."""
        return sweep_table(table, self.url, warehouse, as_of)

    def _definition(self, column: Column) -> str:
        kind = _TYPES[self.engine][column.kind]
        if column.name in ("currency", "base_currency"):
            kind = "char(3)"
        return f'"{column.name}" {kind} {"" if column.nullable else "not null"}'


def pymysql_connection(url: str) -> Any:
    """A connection to the MariaDB database of the URL, in UTC."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        password=parts.password or "",
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        init_command="set time_zone = '+00:00', sql_mode = 'ANSI_QUOTES'",
    )


def customer(
    number: int,
    *,
    name: str | None = None,
    balance: str = "1.5",
    moved: datetime | None = None,
    deleted: datetime | None = None,
) -> tuple[object, ...]:
    """A row of customers; `moved` is its updated_at, else the start plus its number in seconds."""
    moved = moved or START + timedelta(seconds=number)
    return (
        number,
        1,
        None,
        name or f"name {number}",
        "client",
        "USD",
        Decimal(balance),
        START,
        moved,
        deleted,
    )


def rows_of(table: SourceTable, count: int) -> list[tuple[object, ...]]:
    """Rows of any table, with awkward values in every kind of column."""
    return [tuple(_value(column, number) for column in table.columns) for number in range(1, count + 1)]


def raw(warehouse: str, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    """The rows of a query on the warehouse."""
    with psycopg.connect(warehouse, options="-c timezone=UTC") as connection:
        return connection.execute(query, arguments or None).fetchall()  # pyright: ignore[reportArgumentType]


def stored(warehouse: str, table: SourceTable) -> list[tuple[Any, ...]]:
    """The raw rows that are not marked deleted, by key, in the source's columns."""
    names = ", ".join(column.name for column in table.columns)
    key = ", ".join(table.key)
    return raw(
        warehouse,
        f"select {names} from raw_{table.source}.{table.name} where _deleted_at is null order by {key}",
    )


def fingerprint(warehouse: str, table: SourceTable) -> list[tuple[Any, ...]]:
    """What changes when any row is written again, touched or locked."""
    return raw(
        warehouse,
        f"select ctid::text, xmin::text, xmax::text, t::text from raw_{table.source}.{table.name} t",
    )


def _naive(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


_TEXTS = (
    "plain",
    "tab\tline\nreturn\r",
    "back\\slash \\N \\.",
    "quote ' \" `",
    "ünïcödé 漢字 🎉",
    "",
    " end ",
)


def _value(column: Column, number: int) -> object:
    if column.nullable and number % 3 == 0:
        return None
    match column.kind:
        case Kind.ID:
            return number if column.name == "id" else 2**62 + number
        case Kind.AT:
            return datetime(1970 + number, 1 + number % 12, 1, 23, 59, 59, 999_990 + number % 10, tzinfo=UTC)
        case Kind.MONEY:
            return Decimal("-99999999999999.999999") + number
        case Kind.RATE:
            return Decimal("1234567890.0123456789") + number
        case Kind.BOOL:
            return number % 2 == 0
        case Kind.INT:
            return 2**31 - number
        case Kind.DATE:
            return date(2024, 2, 29) + timedelta(days=number)
        case Kind.TEXT if column.name in ("currency", "base_currency"):
            return f"A{number % 90 + 10}"
        case _:
            return (
                f"{_TEXTS[number % len(_TEXTS)]}{number}"
                if column.name == "tag"
                else _TEXTS[number % len(_TEXTS)]
            )
