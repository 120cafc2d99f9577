"""What the UI shows of a relation in the warehouse: its columns and how many rows it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import psycopg
from psycopg import sql

STORAGE_KIND = "postgres"
_LOCK_MILLISECONDS = 1_000
_COLUMNS = """
    select
        attribute.attname,
        format_type(attribute.atttypid, attribute.atttypmod),
        attribute.attnotnull,
        col_description(attribute.attrelid, attribute.attnum)
    from pg_attribute as attribute
    where attribute.attrelid = %s::regclass and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attnum
"""


def storage_metadata(schema: str, name: str) -> dict[str, str]:
    """Where a relation is, told in one way for every asset of the warehouse."""
    return {"dagster/table_name": f"{schema}.{name}", "dagster/storage_kind": STORAGE_KIND}


def relation_metadata(connection: psycopg.Connection, node: Mapping[str, Any]) -> dict[str, dg.MetadataValue]:
    """The columns of what a dbt node built and, unless it is a view, its rows; what is locked is left out."""
    schema, name = node["schema"], node["alias"]
    relation = sql.Identifier(schema, name)
    metadata: dict[str, dg.MetadataValue] = {}
    with connection.transaction():
        connection.execute(sql.SQL("set local lock_timeout = {}").format(_LOCK_MILLISECONDS))
        try:
            with connection.transaction():
                columns = connection.execute(_COLUMNS, (relation.as_string(),)).fetchall()
                metadata["dagster/column_schema"] = dg.TableSchemaMetadataValue(
                    dg.TableSchema(
                        [
                            dg.TableColumn(
                                column, kind, text, dg.TableColumnConstraints(nullable=not required)
                            )
                            for column, kind, required, text in columns
                        ]
                    )
                )
                if node["config"].get("materialized") != "view":
                    counted = connection.execute(
                        sql.SQL("select count(*) from {}").format(relation)
                    ).fetchone()
                    metadata["dagster/row_count"] = dg.IntMetadataValue(counted[0] if counted else 0)
        except psycopg.errors.LockNotAvailable:
            pass
    return metadata
