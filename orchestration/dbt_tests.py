"""What a dbt test checks, in words, and the rows that it found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

SHOWN_ROWS = 20
_NAMED_ROWS = 3
_LONGEST_CELL = 80
_WAIT_MILLISECONDS = 60_000
_REF = re.compile(r"""['"](\w+)['"]\s*\)\s*$""")


@dataclass(frozen=True)
class FoundRows:
    """The first rows that a check found, in its own columns; values as text, empty for no value."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """A table; whatever Markdown or HTML would take for its own is escaped."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)

    def __str__(self) -> str:
        """The first of them on one line."""
        named = [
            ", ".join(f"{column} {_short(value)}" for column, value in zip(self.columns, row, strict=True))
            for row in self.rows[:_NAMED_ROWS]
        ]
        return "; ".join(named) + (" ..." if len(self.rows) > _NAMED_ROWS else "")


def found_rows(records: Sequence[Mapping[str, object]]) -> FoundRows:
    """The first of these records, which share their columns."""
    columns = tuple(records[0]) if records else ()
    rows = [tuple(_text(record[column]) for column in columns) for record in records[:SHOWN_ROWS]]
    return FoundRows(columns, tuple(rows))


def test_description(node: Mapping[str, Any]) -> str | None:
    """What a test checks: its own description, else what its kind and column say; None where neither does."""
    if node.get("description"):
        return " ".join(node["description"].split())
    test = node.get("test_metadata") or {}
    given = test.get("kwargs") or {}
    column = given.get("column_name")
    match test.get("name"):
        case "not_null":
            return f"{column} is never empty."
        case "unique":
            return f"No two rows share their {column}."
        case "unique_combination":
            return f"No two rows share their {', '.join(given['columns'])}."
        case "relationships":
            return f"Every {column} is the {given['field']} of a row of {_referred(given['to'])}."
        case "accepted_values":
            return f"{column} is one of {', '.join(map(str, given['values']))}."
    return None


def failing_rows(
    connection: psycopg.Connection, manifest: Mapping[str, Any], node: Mapping[str, Any], compiled: str
) -> FoundRows:
    """The rows that a failed test finds when asked again; psycopg.Error where it cannot.

    `compiled` is the test's own statement. Where it gives one column alone, the rows of the model are shown
    instead: the model's key, the column and the reason.
    """
    statement = _rows_of_the_model(manifest, node, compiled) or sql.SQL(compiled)  # pyright: ignore[reportArgumentType]
    with connection.transaction():
        connection.execute("set transaction read only")
        connection.execute(sql.SQL("set local statement_timeout = {}").format(_WAIT_MILLISECONDS))
        cursor = connection.execute(
            sql.SQL("select * from (\n{}\n) as found limit {}").format(statement, sql.Literal(SHOWN_ROWS))
        )
        columns = tuple(column.name for column in cursor.description or ())
        return FoundRows(columns, tuple(tuple(map(_text, row)) for row in cursor))


# How dbt's own tests name the tested column in what they find.
_FOUND_AS = {"unique": "unique_field", "relationships": "from_field", "accepted_values": "value_field"}


def _rows_of_the_model(
    manifest: Mapping[str, Any], node: Mapping[str, Any], compiled: str
) -> sql.Composable | None:
    test, model = node.get("test_metadata") or {}, manifest["nodes"].get(node.get("attached_node") or "")
    name, given = test.get("name"), test.get("kwargs") or {}
    if model is None or name not in ("not_null", *_FOUND_AS):
        return None
    column = sql.Identifier(given["column_name"])
    if name == "not_null":
        is_found = sql.SQL("tested.{} is null").format(column)
    else:
        is_found = sql.SQL("tested.{} in (select failed.{} from (\n{}\n) as failed)").format(
            column,
            sql.Identifier(_FOUND_AS[name]),
            sql.SQL(compiled),  # pyright: ignore[reportArgumentType]
        )
    keys = [key for key in _key_columns(manifest, model) if key != given["column_name"]]
    return sql.SQL("select {}, {} as reason from {} as tested where {}").format(
        sql.SQL(", ").join(sql.Identifier("tested", key) for key in (*keys, given["column_name"])),
        sql.Literal(_reason(name, given)),
        sql.Identifier(model["schema"], model["alias"]),
        is_found,
    )


def _reason(name: str, given: Mapping[str, Any]) -> str:
    column = given["column_name"]
    match name:
        case "not_null":
            return f"{column} is empty"
        case "unique":
            return f"{column} is there more than once"
        case "relationships":
            return f"{column} is no {given['field']} of {_referred(given['to'])}"
        case _:
            return f"{column} is none of {', '.join(map(str, given['values']))}"


def _key_columns(manifest: Mapping[str, Any], model: Mapping[str, Any]) -> Sequence[str]:
    """The columns of the model's key, as its tests tell; none where no test does."""
    if model.get("primary_key"):
        return model["primary_key"]
    for other in manifest["nodes"].values():
        test = other.get("test_metadata") or {}
        if test.get("name") == "unique_combination" and other.get("attached_node") == model["unique_id"]:
            return test["kwargs"]["columns"]
    return ()


def _referred(reference: str) -> str:
    named = _REF.search(reference)
    return named[1] if named else reference


def _text(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_CELL else f"{value[: _LONGEST_CELL - 1]}…"


def _cell(value: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~-])", r"\\\1", _short(value)) if value != "---" else value
