"""Which columns of its parents each column of a dbt model is made of, read from the SQL that dbt compiled.

A model is read once for each manifest; what was found is kept beside the manifest.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
from sqlglot import exp
from sqlglot.lineage import lineage

from orchestration.dbt_resource import COLUMN_LINEAGE
from orchestration.dbt_translator import node_key

# PostgreSQL knows a list of no columns, sqlglot does not
_NO_COLUMNS = re.compile(r"\bselect\s+from\b", re.IGNORECASE)
_COLUMNS = """
    select namespace.nspname, relation.relname, array_agg(attribute.attname::text order by attribute.attnum)
    from pg_attribute as attribute
    inner join pg_class as relation on attribute.attrelid = relation.oid
    inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
    where
        relation.relkind in ('r', 'p', 'v', 'm')
        and (namespace.nspname, relation.relname) in (select * from unnest(%s::text[], %s::text[]))
        and attribute.attnum > 0
        and not attribute.attisdropped
    group by namespace.nspname, relation.relname
"""
_log = logging.getLogger(__name__)

Relation = tuple[str, str]  # schema, name
Columns = Mapping[Relation, list[str]]


def columns_read(sql: str, columns: Columns) -> dict[str, list[tuple[Relation, str]]]:
    """For each column of a query, the columns of these relations that it is made of.

    Raises what sqlglot raises where it cannot read the query.
    """
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (schema_name, name), names in columns.items():
        # the type decides nothing here
        schema.setdefault(schema_name, {})[name] = dict.fromkeys(names, "text")
    query = _NO_COLUMNS.sub("select null from", sql)
    return {
        column: sorted(
            {
                ((table.db, table.name), exp.to_column(leaf.name).name)
                for leaf in node.walk()
                if not leaf.downstream and isinstance(table := leaf.expression, exp.Table)
                if (table.db, table.name) in columns and not leaf.name.endswith("*")
            }
        )
        for column, node in lineage(None, query, schema, dialect="postgres", trim_selects=False).items()
    }


class ColumnLineage:
    """The lineage of a manifest's models; what sqlglot cannot read has none."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], connection: psycopg.Connection) -> None:
        self._path = folder / COLUMN_LINEAGE
        self._nodes = {**manifest["sources"], **manifest["nodes"]}
        self._connection = connection
        self._found: dict[str, dict[str, list[Any]]] = {}
        if self._path.exists():
            self._found = json.loads(self._path.read_bytes())
        self._known = len(self._found)
        # what it takes for doubtful it writes to the terminal
        logging.getLogger("sqlglot").setLevel(logging.ERROR)

    def metadata(self, node: Mapping[str, Any], compiled: Path) -> dict[str, dg.MetadataValue]:
        """What the UI shows of the columns of a node, from its compiled file; nothing where unknown."""
        unique_id = node["unique_id"]
        if unique_id not in self._found and compiled.exists():
            self._found[unique_id] = self._read(node, compiled.read_text())
        found = self._found.get(unique_id)
        if not found:
            return {}
        deps = {
            column: [dg.TableColumnDep(dg.AssetKey(key), parent) for key, parent in parents]
            for column, parents in found.items()
        }
        return {"dagster/column_lineage": dg.TableColumnLineageMetadataValue(dg.TableColumnLineage(deps))}

    def keep(self) -> None:
        """Keep what was read for the next build from the same manifest."""
        if len(self._found) > self._known:
            written = self._path.with_suffix(f".{os.getpid()}")
            written.write_text(json.dumps(self._found))
            written.replace(self._path)

    def _read(self, node: Mapping[str, Any], sql: str) -> dict[str, list[Any]]:
        parents = [self._nodes[parent] for parent in node["depends_on"]["nodes"] if parent in self._nodes]
        keys = {
            (parent["schema"], parent.get("alias") or parent["name"]): node_key(parent) for parent in parents
        }
        columns = self._columns(keys) if keys else {}
        try:
            found = columns_read(sql, columns)
        except Exception as error:  # sqlglot's own and what it stumbles over: no reason to tell anybody
            _log.debug("no column lineage of %s: %s", node["name"], error)
            return {}
        return {
            column: [(keys[relation], parent) for relation, parent in parents]
            for column, parents in found.items()
        }

    def _columns(self, relations: Iterable[Relation]) -> Columns:
        """The columns of these relations as they are now: what the build has not made yet has none."""
        found = self._connection.execute(_COLUMNS, [list(names) for names in zip(*relations, strict=True)])
        columns = {(schema, name): names for schema, name, names in found}
        return {relation: columns.get(relation, []) for relation in relations}
