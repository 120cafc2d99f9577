"""SQL files beside this module, with identifiers composed in; values travel as bound parameters."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import LiteralString, cast

from psycopg import sql

_FOLDER = Path(__file__).parent / "sql"


@cache
def text(name: str) -> str:
    """The content of file `name`.sql."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def trusted(text: str) -> sql.SQL:
    """SQL that is the project's own: a file, a type name; never anything a source or a user said."""
    return sql.SQL(cast(LiteralString, text))


def statement(name: str, **parts: sql.Composable) -> str:
    """The statement of file `name`.sql with its placeholders filled."""
    return trusted(text(name)).format(**parts).as_string()


def names(columns: Iterable[str], prefix: str | None = None) -> sql.Composed:
    """Quoted column names, separated by commas, each after `prefix.` if given."""
    return sql.SQL(", ").join(_name(column, prefix) for column in columns)


def row(columns: Iterable[str], prefix: str) -> sql.Composed:
    """A row value of the columns of `prefix`."""
    return sql.SQL("row({})").format(names(columns, prefix))


def same(columns: Iterable[str], left: str, right: str) -> sql.Composed:
    """The condition that the columns of both sides are equal."""
    pairs = (sql.SQL("{} = {}").format(_name(column, left), _name(column, right)) for column in columns)
    return sql.SQL(" and ").join(pairs)


def assignments(columns: Iterable[str], source: str) -> sql.Composed:
    """`column = source.column` for each column."""
    pairs = (sql.SQL("{} = {}").format(_name(column), _name(column, source)) for column in columns)
    return sql.SQL(", ").join(pairs)


def _name(column: str, prefix: str | None = None) -> sql.Identifier:
    return sql.Identifier(prefix, column) if prefix else sql.Identifier(column)
