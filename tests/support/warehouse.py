"""A warehouse of raw billing and middleware rows, and dbt run on it in this process."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from dbt.cli.main import dbtRunner
from psycopg import sql
from psycopg.rows import dict_row

from orchestration.connection_url import as_pipeline, dbt_environment
from orchestration.dbt_tests import FoundRows, failing_rows
from orchestration.migrate import migrate
from tests.support import raw_tables as raw_rows

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
VARIABLES = "{sources: [billing, middleware]}"
BUILT_SCHEMAS = ("staging", "intermediate", "marts")
MODELS_ONLY = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@dataclass
class BuiltWarehouse:
    """`admin_url` is a superuser's; `scratch` is where dbt may write. The project is parsed once."""

    admin_url: str
    scratch: Path
    _manifest: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        migrate(self.admin_url)
        self.url = as_pipeline(self.admin_url)

    def empty(self) -> None:
        """Nothing built, raw tables without rows."""
        with psycopg.connect(self.url) as connection:
            for schema in (*BUILT_SCHEMAS, "raw_billing", "raw_middleware"):
                connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        self.create_raw_tables()

    def create_raw_tables(self) -> None:
        """Empty raw tables, where there are none."""
        with psycopg.connect(self.url) as connection:
            raw_rows.create(connection)

    def forget_builds(self) -> None:
        """Drop what dbt made; what was extracted stays."""
        with psycopg.connect(self.url) as connection:
            for schema in BUILT_SCHEMAS:
                connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))

    def load(
        self,
        as_of: datetime,
        rows: Mapping[str, Sequence[raw_rows.Row]],
        gone: Mapping[str, Sequence[raw_rows.Row]] | None = None,
    ) -> None:
        """One load of every table, as `raw_rows.load`."""
        with psycopg.connect(self.url) as connection:
            raw_rows.load(connection, as_of, rows, gone)

    def dbt(self, command: str, *arguments: str) -> dict[str, Any]:
        """Run one dbt command that must succeed; each node's result by name."""
        done = self.try_dbt(command, *arguments)
        failures = [f"{name}: {r.message}" for name, r in _by_name(done).items() if r.status in _BAD]
        assert done.success, failures or done.exception
        return _by_name(done)

    def failures(self, command: str, *arguments: str) -> dict[str, str]:
        """Run one dbt command; the messages of the nodes that failed, by name."""
        return {
            name: result.message
            for name, result in _by_name(self.try_dbt(command, *arguments)).items()
            if result.status in _BAD
        }

    def findings(self, *arguments: str) -> dict[str, tuple[str, FoundRows]]:
        """Run dbt's tests; of those that found something the status and the rows, by name."""
        found = {}
        results = getattr(self.try_dbt("test", *arguments).result, "results", ())
        with psycopg.connect(self.url) as connection:
            for result in results:
                if result.status in (*_BAD, "warn"):
                    rows = failing_rows(connection, {"nodes": {}}, {}, result.node.compiled_code)
                    found[result.node.name] = (str(result.status), rows)
        return found

    def try_dbt(self, command: str, *arguments: str) -> Any:
        """Run one dbt command; dbt's own result object."""
        common = (
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--vars",
            VARIABLES,
            "--quiet",
        )
        common += ("--target-path", str(self.scratch / "target"), "--log-path", str(self.scratch / "logs"))
        with patch.dict(os.environ, dbt_environment(self.admin_url)):
            if self._manifest is None:
                parsed = dbtRunner().invoke(["parse", *common])
                assert parsed.success, parsed.exception
                self._manifest = parsed.result
            return dbtRunner(manifest=self._manifest).invoke([command, *common, *arguments])

    def build(self, *arguments: str) -> None:
        """Build all models, incrementally where they are there already; no tests."""
        self.dbt("build", *MODELS_ONLY, *arguments)

    def execute(self, statement: str) -> None:
        """Run a statement as the pipeline."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        with psycopg.connect(self.url) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()

    def tables(self) -> list[str]:
        """The qualified names of all tables that dbt made."""
        return [
            row["name"]
            for row in self.rows(
                "select format('%%I.%%I', schemaname, tablename) as name from pg_tables"
                " where schemaname = any(%s) order by 1",
                list(BUILT_SCHEMAS),
            )
        ]

    def contents(self, tables: Sequence[str]) -> dict[str, list[str]]:
        """Every row of the tables as text, sorted."""
        return {
            table: sorted(
                row["line"] for row in self.rows(f"select to_jsonb(r)::text as line from {table} as r")
            )
            for table in tables
        }

    def row_versions(self) -> dict[str, list[tuple[str, str]]]:
        """Which transaction wrote each row of each table, and where it lies."""
        return {
            table: [
                (row["place"], row["writer"])
                for row in self.rows(
                    f"select ctid::text as place, xmin::text as writer from {table} order by ctid"
                )
            ]
            for table in self.tables()
        }


_BAD = {"error", "fail", "runtime error"}


def _by_name(done: Any) -> dict[str, Any]:
    return {result.node.name: result for result in getattr(done.result, "results", ())}
