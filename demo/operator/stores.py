"""Where made-up rows go: a PostgreSQL or a MySQL/MariaDB database, filled by COPY or LOAD DATA."""

import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pymysql
from psycopg import sql
from sqlalchemy.engine import make_url

from demo.errors import DemoError
from demo.operator.recipe import MARK, Recipe

SQL_FOLDER = Path(__file__).parent / "sql"
TABLES = {
    "billing": (
        "companies",
        "users",
        "customers",
        "customer_tags",
        "accounts",
        "packages",
        "subscriptions",
        "transactions",
        "exchange_rates",
    ),
    "platform": (
        "subscribers",
        "subscriber_settings",
        "users",
        "user_changes",
        "logons",
        "commission_runs",
        "commission_items",
        "process_forms",
        "process_fields",
    ),
}


class Store(Protocol):
    """An open database that takes rows of made-up tables, as lines of text."""

    def load(self, table: str, lines: Sequence[str]) -> None:
        """Append rows to a table, columns in the table's order."""
        ...


def existing_recipe(database: str, url: str) -> Recipe | None:
    """The recipe of the made-up operator in a database ("billing" or "platform"), or None without one."""
    try:
        if is_mysql(url):
            with closing(mysql_connection(url)) as connection:
                return Recipe.from_comment(_mysql_mark(connection, database) or "")
        with psycopg.connect(url) as connection:
            return Recipe.from_comment(_postgresql_mark(connection, database) or "")
    except (psycopg.OperationalError, pymysql.OperationalError) as error:
        raise _unreachable(database, error) from None


@contextmanager
def filled(database: str, url: str, recipe: Recipe) -> Generator[Store]:
    """Make a database's tables again, have the block fill them, then add keys, indexes and the recipe's mark.

    Tables of the same names that are not made up are left alone: DemoError names the first.
    """
    try:
        if is_mysql(url):
            with closing(mysql_connection(url)) as connection:
                yield from _fill_mysql(connection, database, recipe)
        else:
            with psycopg.connect(url) as connection:
                yield from _fill_postgresql(connection, database, recipe)
    except (psycopg.OperationalError, pymysql.OperationalError) as error:
        raise _unreachable(database, error) from None


def _fill_postgresql(connection: psycopg.Connection, database: str, recipe: Recipe) -> Iterator[Store]:
    present = {
        name
        for (name,) in connection.execute(
            "select tablename from pg_tables where schemaname = current_schema() and tablename = any(%s)",
            [list(TABLES[database])],
        )
    }
    _refuse_foreign_tables(database, present, _postgresql_mark(connection, database))
    connection.execute("set local time zone 'UTC'")
    for table in TABLES[database]:
        connection.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(table)))
    _run_postgresql(connection, f"{database}.postgresql.sql")
    yield _PostgresqlStore(connection)
    _run_postgresql(connection, f"{database}.postgresql.keys.sql")
    connection.execute(
        sql.SQL("comment on table {} is {}").format(
            sql.Identifier(TABLES[database][0]), sql.Literal(recipe.as_comment())
        )
    )
    connection.commit()
    connection.autocommit = True
    connection.execute("analyze")


def _fill_mysql(
    connection: "pymysql.Connection[pymysql.cursors.Cursor]", database: str, recipe: Recipe
) -> Iterator[Store]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name from information_schema.tables where table_schema = database()"
            " and table_name in %s",
            [TABLES[database]],
        )
        present = {row[0] for row in cursor.fetchall()}
        _refuse_foreign_tables(database, present, _mysql_mark(connection, database))
        cursor.execute("set time_zone = '+00:00'")
        # the marked table goes last and comes first, so that a run killed half way is known as ours
        for table in reversed(TABLES[database]):
            cursor.execute(f"drop table if exists {table}")
        for number, statement in enumerate(_statements(f"{database}.mysql.sql")):
            cursor.execute(f"{statement} comment = '{MARK}, unfinished'" if number == 0 else statement)
        yield _MysqlStore(connection)
        for statement in _statements(f"{database}.mysql.keys.sql"):
            cursor.execute(statement)
        cursor.execute(f"alter table {TABLES[database][0]} comment = %s", [recipe.as_comment()])
        connection.commit()


class _PostgresqlStore:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def load(self, table: str, lines: Sequence[str]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(sql.SQL("copy {} from stdin").format(sql.Identifier(table))) as copy,
        ):
            copy.write("".join(lines))


class _MysqlStore:
    def __init__(self, connection: "pymysql.Connection[pymysql.cursors.Cursor]") -> None:
        self._connection = connection

    def load(self, table: str, lines: Sequence[str]) -> None:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", suffix=".tsv") as file:
            file.writelines(lines)
            file.flush()
            with self._connection.cursor() as cursor:
                cursor.execute(
                    f"load data local infile %s into table {table} character set utf8mb4", [file.name]
                )
        self._connection.commit()


def _refuse_foreign_tables(database: str, present: set[str], mark: str | None) -> None:
    if present and not (mark or "").startswith(MARK):
        raise DemoError(
            f"the {database} database has a table {min(present)} that is not made up:"
            " give the made-up operator an empty database"
        )


def _postgresql_mark(connection: psycopg.Connection, database: str) -> str | None:
    row = connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class')", [TABLES[database][0]]
    ).fetchone()
    return row[0] if row else None


def _mysql_mark(connection: "pymysql.Connection[pymysql.cursors.Cursor]", database: str) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_comment from information_schema.tables"
            " where table_schema = database() and table_name = %s",
            [TABLES[database][0]],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _run_postgresql(connection: psycopg.Connection, script: str) -> None:
    connection.execute((SQL_FOLDER / script).read_bytes())


def _statements(script: str) -> list[str]:
    return [part.strip() for part in (SQL_FOLDER / script).read_text().split(";\n") if part.strip()]


def is_mysql(url: str) -> bool:
    """Whether a URL is of a MySQL or MariaDB server; PostgreSQL otherwise."""
    return url.startswith(("mysql", "mariadb"))


def mysql_connection(url: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    """An open connection to the database of a mysql:// URL."""
    address = make_url(url)
    return pymysql.connect(
        host=address.host or "127.0.0.1",
        port=address.port or 3306,
        user=address.username or "root",
        password=address.password or "",
        database=address.database or "",
        local_infile=True,
        charset="utf8mb4",
    )


def _unreachable(database: str, error: Exception) -> DemoError:
    reason = str(error.args[-1] if error.args else error).strip().splitlines()[0]
    return DemoError(f"the {database} database cannot be used: {reason}")
