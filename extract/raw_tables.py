"""The raw schemas and tables themselves: made where missing, checked where they are there."""

from contextlib import suppress
from datetime import datetime

import asyncpg
from psycopg import sql

from extract.errors import NeverRetry
from extract.postgresql import Connection, fetch_value
from extract.raw_relation import META_COLUMNS, RawRelation
from extract.statements import statement, trusted


async def take_turn(connection: Connection, relation: RawRelation) -> None:
    """Waits until no other load of the table runs; the turn ends with the transaction."""
    turns = sql.Identifier(relation.schema, "turns")
    add = sql.SQL("insert into {} (table_name) values ($1) on conflict do nothing").format(turns)
    await connection.execute(add.as_string(), relation.name)
    take = sql.SQL("select from {} where table_name = $1 for update").format(turns)
    await connection.execute(take.as_string(), relation.name)


async def ensure_bookkeeping(connection: Connection, schema: str) -> None:
    """Has the schema with its load log, watermarks, rejected rows and turns."""
    while not await connection.fetchval(
        "select to_regclass(format('%I.turns', $1::text)) is not null", schema
    ):
        # the second of two makers waits for the first to commit, and then finds its work done
        with suppress(asyncpg.UniqueViolationError, asyncpg.DuplicateSchemaError):
            async with connection.transaction():
                await _create_bookkeeping(connection, schema)


async def _create_bookkeeping(connection: Connection, schema: str) -> None:
    if not await connection.fetchval("select to_regnamespace(quote_ident($1)) is not null", schema):
        await connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)).as_string())
    await connection.execute(statement("bookkeeping", schema=sql.Identifier(schema)))


async def ensure_table(
    connection: Connection, relation: RawRelation, load_id: int, started_at: datetime
) -> tuple[bool, bool]:
    """Whether the raw table was made just now, and whether it held rows under all of today's columns.

    Either way it bears the specification's descriptions afterwards.
    """
    found = {
        record["name"]: record["raw_type"]
        for record in await connection.fetch(statement("raw_columns"), relation.identifier.as_string())
    }
    if not found:
        create = sql.SQL(
            "create table {} ({}, _load_id bigint not null default {},"
            " _extracted_at timestamptz not null default {}, _deleted_at timestamptz)"
        ).format(relation.identifier, relation.definitions(), sql.Literal(load_id), sql.Literal(started_at))
        await connection.execute(create.as_string())
        await _describe(connection, relation)
        return True, False
    missing: list[str] = []
    for name, raw_type in (*relation.columns, *META_COLUMNS.items()):
        if name not in found:
            missing.append(name)
        elif found[name] != raw_type:
            raise NeverRetry(
                f"{relation.subject}: column {name} of {relation.schema}.{relation.name} is {found[name]}"
                f" in the warehouse, the specification says {raw_type}; drop that raw table to load it again"
            )
    for name, raw_type in relation.columns:
        if name in missing:
            add = sql.SQL("alter table {} add column {} {}").format(
                relation.identifier,
                sql.Identifier(name),
                trusted(raw_type),
            )
            await connection.execute(add.as_string())
    await _describe(connection, relation)
    make = sql.SQL("create temp table incoming ({}) on commit drop").format(relation.definitions())
    await connection.execute(make.as_string())
    has_rows = await fetch_value(
        connection, sql.SQL("select exists (select from {})").format(relation.identifier).as_string()
    )
    return False, has_rows and not missing


async def _describe(connection: Connection, relation: RawRelation) -> None:
    """Gives table and columns their comments; those that are there already are not written again."""
    table = relation.identifier
    held = await connection.fetch(statement("raw_descriptions"), table.as_string())
    stored = {record["name"]: record["description"] for record in held}
    for name, text in relation.descriptions:
        if stored.get(name) == text:
            continue
        column = sql.SQL("column {}.{}").format(table, sql.Identifier(name))
        subject = column if name else sql.SQL("table {}").format(table)
        comment = sql.SQL("comment on {} is {}").format(subject, sql.Literal(text))
        await connection.execute(comment.as_string())
