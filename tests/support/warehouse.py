"""A warehouse: a migrated database whose raw tables a test fills, and dbt run on it in this process."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg import sql
from psycopg.rows import dict_row

from orchestration.connection_url import as_pipeline, dbt_environment
from orchestration.dbt_tests import FoundRows, failing_rows
from orchestration.migrate import migrate
from tests.support.raw_tables import RawTables, Row, Rows
from tests.support.servers import PostgresServer

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
# One after the other has this name: a manifest holds to the name of the database that it was parsed for.
DATABASE = "warehouse"
BUILT_SCHEMAS = ("staging", "intermediate", "marts")
MODELS_ONLY = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# What a source holds: rows by key, of each table.
Tables = Mapping[str, Mapping[tuple[Any, ...], Row]]
_BAD = {"error", "fail", "runtime error"}


@dataclass(frozen=True)
class ParsedProject:
    """The dbt project as parsed with some sources; `scratch` is where dbt may write."""

    sources: tuple[str, ...]
    scratch: Path
    manifest: Manifest


def parse_project(shared: Path, scratch: Path, sources: tuple[str, ...]) -> ParsedProject:
    """The project with these sources; `shared` keeps for all processes what the first of them parsed."""
    parsed = shared / "-".join(("dbt", *sources))
    parsed.mkdir(parents=True, exist_ok=True)
    nowhere = dbt_environment(f"postgresql://nobody@127.0.0.1:1/{DATABASE}")
    with (parsed / "lock").open("w") as lock, patch.dict(os.environ, nowhere):
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = dbtRunner().invoke([*_arguments("parse", parsed), *_variables(sources)])
    assert isinstance(done.result, Manifest), done.exception
    return ParsedProject(sources, scratch, done.result)


@contextmanager
def new_warehouse(
    server: PostgresServer, project: ParsedProject, selection: Sequence[str] = ()
) -> Iterator["Warehouse"]:
    """A migrated warehouse with empty raw tables, for as long as the context lasts; one at a time."""
    admin_url = server.create_database(DATABASE)
    try:
        migrate(admin_url)
        warehouse = Warehouse(admin_url, project, selection)
        warehouse.create_raw_tables()
        yield warehouse
    finally:
        server.drop_database(DATABASE)


@dataclass(frozen=True)
class Warehouse:
    """`admin_url` is a superuser's; `selection` is what build() builds, everything where it is empty."""

    admin_url: str
    project: ParsedProject
    selection: Sequence[str] = ()
    _held: dict[str, Mapping[tuple[Any, ...], Row]] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """The URL of the pipeline."""
        return as_pipeline(self.admin_url)

    def create_raw_tables(self) -> None:
        """Empty raw tables, where there are none."""
        self._raw(RawTables.create)

    def load(self, rows: Rows, as_of: datetime, gone: Rows | None = None) -> dict[str, int]:
        """One load of every table, as `RawTables.load`."""
        return self._raw(RawTables.load, rows, as_of, gone)

    def delete(self, table: str, ids: Sequence[int], as_of: datetime) -> int:
        """Mark rows as vanished from the source, as the sweep does; its load id."""
        return self._raw(RawTables.delete, table, ids, as_of)

    def hold(self, tables: Tables, as_of: datetime) -> None:
        """One load that makes the raw tables hold those rows: what differs is written, else it is marked."""
        rows, gone = {}, {}
        for name in {*tables, *self._held}:
            held, wanted = self._held.get(name, {}), tables.get(name, {})
            rows[name] = [
                {**row, "updated_at": as_of} if name != "customer_tags" else row
                for key, row in wanted.items()
                if held.get(key) != row
            ]
            gone[name] = [row for key, row in held.items() if key not in wanted]
            self._held[name] = dict(wanted)
        self.load(rows, as_of, gone)

    def empty(self) -> None:
        """Nothing extracted, nothing built."""
        self.forget_builds()
        for source in self.project.sources:
            self.execute(f"drop schema raw_{source} cascade")
        self._held.clear()
        self.create_raw_tables()

    def forget_builds(self) -> None:
        """Drop what dbt made; what was extracted stays."""
        for schema in BUILT_SCHEMAS:
            self.execute(f"drop schema if exists {schema} cascade")

    def try_dbt(self, command: str, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Run one dbt command; dbt's own result object."""
        given = variables | ({"as_of": as_of.isoformat()} if as_of else {})
        common = _arguments(command, self.project.scratch)
        with patch.dict(os.environ, dbt_environment(self.admin_url)):
            return dbtRunner(manifest=self.project.manifest).invoke(
                [*common, *_variables(self.project.sources, **given), *arguments]
            )

    def dbt(
        self, command: str, *arguments: str, as_of: datetime | None = None, **variables: Any
    ) -> dict[str, Any]:
        """Run one dbt command that must succeed; each node's result by name."""
        done = self.try_dbt(command, *arguments, as_of=as_of, **variables)
        failures = [f"{name}: {r.message}" for name, r in _by_name(done).items() if r.status in _BAD]
        assert done.success, "\n".join(failures) or done.exception
        return _by_name(done)

    def build(self, *arguments: str, as_of: datetime | None = None, **variables: Any) -> None:
        """Build models, incrementally where they are there already; no tests."""
        selected = ("--select", *self.selection) if self.selection else ()
        self.dbt("build", *MODELS_ONLY, *selected, *arguments, as_of=as_of, **variables)

    def build_and_test(self, *arguments: str, as_of: datetime | None = None) -> None:
        """Build all models and run their data tests."""
        self.dbt("build", "--exclude-resource-type", "unit_test", *arguments, as_of=as_of)

    def failures(self, command: str, *arguments: str) -> dict[str, str]:
        """Run one dbt command; the messages of the nodes that failed, by name."""
        results = _by_name(self.try_dbt(command, *arguments))
        return {name: result.message for name, result in results.items() if result.status in _BAD}

    def findings(self, *arguments: str) -> dict[str, tuple[str, FoundRows]]:
        """Run dbt's tests; of those that found something the status and the rows, by name."""
        found = {}
        results = _by_name(self.try_dbt("test", *arguments))
        with psycopg.connect(self.url) as connection:
            for name, result in results.items():
                if result.status in (*_BAD, "warn"):
                    rows = failing_rows(connection, {"nodes": {}}, {}, result.node.compiled_code)
                    found[name] = (str(result.status), rows)
        return found

    @contextmanager
    def dbt_process(self, command: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """One dbt command in a process of its own; killed at the end if it still runs."""
        program = str(Path(sys.executable).with_name("dbt"))
        common = _arguments(command, self.project.scratch)
        with subprocess.Popen(
            [program, *common, *_variables(self.project.sources), *arguments],
            env={**os.environ, **dbt_environment(self.admin_url)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def connect(self, role: str | None = None) -> Iterator[psycopg.Connection]:
        """A connection as the superuser, or as the role."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            if role is not None:
                connection.execute(sql.SQL("set session authorization {}").format(sql.Identifier(role)))
            yield connection

    def execute(self, statement: str) -> None:
        """Run a statement as the pipeline."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query of the pipeline."""
        with psycopg.connect(self.url) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        """The single value that a query gives."""
        (row,) = self.rows(query, *parameters)
        (value,) = row.values()
        return value

    def tables(self) -> list[str]:
        """The qualified names of all tables that dbt made."""
        query = """
            select format('%%I.%%I', schemaname, tablename) as name from pg_tables
            where schemaname = any(%s) order by 1
        """
        return [row["name"] for row in self.rows(query, list(BUILT_SCHEMAS))]

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

    def _raw(self, do: Callable[..., Any], *given: Any) -> Any:
        with psycopg.connect(self.url) as connection:
            return partial(do, RawTables(self.project.sources), connection)(*given)


def _arguments(command: str, scratch: Path) -> list[str]:
    folders = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet")
    written = ("--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs"))
    return [command, *folders, *written]


def _variables(sources: tuple[str, ...], **more: Any) -> list[str]:
    return ["--vars", json.dumps({"sources": list(sources), **more})]


def _by_name(done: Any) -> dict[str, Any]:
    return {result.node.name: result for result in getattr(done.result, "results", ())}
