"""A platform database filled with given rows, and its way into a warehouse's raw tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from extract.load import load_table
from extract.raw_relation import of_table
from extract.sources.platform import TABLES
from extract.sweep import sweep_table


def create_tables(url: str) -> None:
    """Make the platform's tables, empty, in the database at `url`."""
    with psycopg.connect(url) as connection:
        for table in TABLES:
            connection.execute(
                sql.SQL("create table {} ({}, primary key (id))").format(
                    sql.Identifier(table.name), of_table(table).definitions()
                )
            )


def hold(url: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Make the platform hold exactly these rows."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for table in TABLES:
            name = sql.Identifier(table.name)
            columns = [column.name for column in table.columns]
            cursor.execute(sql.SQL("truncate {}").format(name))
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(name, names)) as copy:
                for row in rows[table.name]:
                    copy.write_row([row[column] for column in columns])


def load(url: str, warehouse_url: str, as_of: datetime) -> None:
    """Load every table, vanished rows included, as a run started at `as_of` would."""
    for table in TABLES:
        load_table(table, url, warehouse_url, as_of)
        sweep_table(table, url, warehouse_url, as_of)
