"""Raw tables in the shape that extraction makes, filled by plain SQL: load by load, with the bookkeeping."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from extract.raw_relation import RawRelation, of_collection, of_table
from extract.sources import billing, middleware
from extract.statements import names, statement

RELATIONS: dict[str, RawRelation] = {
    relation.subject: relation
    for relation in (
        *(of_table(table) for table in billing.TABLES),
        *(of_collection(collection) for collection in middleware.COLLECTIONS),
    )
}
Row = Mapping[str, Any]


def create(connection: psycopg.Connection[Any]) -> None:
    """Make the raw schemas of billing and middleware with empty tables."""
    for source in ("billing", "middleware"):
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(f"raw_{source}")))
        connection.execute(statement("bookkeeping", schema=sql.Identifier(f"raw_{source}")).encode())
    for relation in RELATIONS.values():
        connection.execute(
            sql.SQL(
                "create table {} ({}, _load_id bigint not null, _extracted_at timestamptz not null,"
                " _deleted_at timestamptz, primary key ({}))"
            ).format(relation.identifier, relation.definitions(), names(relation.key))
        )
        connection.execute(sql.SQL("create index on {} (_load_id)").format(relation.identifier))


def load(
    connection: psycopg.Connection[Any],
    as_of: datetime,
    rows: Mapping[str, Iterable[Row]],
    gone: Mapping[str, Iterable[Row]] | None = None,
) -> None:
    """One load of every table: `rows` are inserted or replaced by key, those of `gone` are marked.

    Both map `source.table` to rows; a column that a row leaves out is null, `updated_at` is `as_of`
    unless given.
    """
    for subject, relation in RELATIONS.items():
        load_id = _begin(connection, relation)
        before = _count(connection, relation)
        for row in rows.get(subject, ()):
            _write(connection, relation, row, load_id, as_of)
        for row in (gone or {}).get(subject, ()):
            connection.execute(
                sql.SQL("update {} set _deleted_at = %s, _load_id = %s where {}").format(
                    relation.identifier,
                    sql.SQL(" and ").join(
                        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(row[column]))
                        for column in relation.key
                    ),
                ),
                (as_of, load_id),
            )
        _finish(connection, relation, load_id, as_of, _count(connection, relation) - before)


def _begin(connection: psycopg.Connection[Any], relation: RawRelation) -> int:
    drawn = connection.execute("select nextval(%s)", (f"{relation.schema}.load_id_seq",)).fetchone()
    assert drawn is not None
    return drawn[0]


def _count(connection: psycopg.Connection[Any], relation: RawRelation) -> int:
    counted = connection.execute(sql.SQL("select count(*) from {}").format(relation.identifier)).fetchone()
    assert counted is not None
    return counted[0]


def _write(
    connection: psycopg.Connection[Any], relation: RawRelation, row: Row, load_id: int, as_of: datetime
) -> None:
    known = set(relation.column_names)
    full = {"updated_at": as_of} if "updated_at" in known else {}
    full |= {name: Jsonb(value) if name == "document" else value for name, value in row.items()}
    assert set(full) <= known, set(full) - known
    full |= {"_load_id": load_id, "_extracted_at": as_of}
    connection.execute(
        sql.SQL(
            "insert into {} ({}) values ({}) on conflict ({}) do update set {}, _deleted_at = null"
        ).format(
            relation.identifier,
            names(full),
            sql.SQL(", ").join(sql.Placeholder() * len(full)),
            names(relation.key),
            sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in full),
        ),
        list(full.values()),
    )


def _finish(
    connection: psycopg.Connection[Any], relation: RawRelation, load_id: int, as_of: datetime, inserted: int
) -> None:
    schema = sql.Identifier(relation.schema)
    connection.execute(
        sql.SQL(
            "insert into {}.load_log values (%s, %s, 'changes', %s, %s, %s, %s, %s, 0, 0, 0, 0, null)"
        ).format(schema),
        (load_id, relation.name, as_of, as_of, as_of, inserted, inserted),
    )
    connection.execute(
        sql.SQL(
            "insert into {}.watermarks values (%s, null, %s, %s) on conflict (table_name)"
            " do update set load_id = excluded.load_id, as_of = excluded.as_of"
        ).format(schema),
        (relation.name, load_id, as_of),
    )
