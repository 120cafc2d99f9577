"""Runs dbt on the platform's side of a warehouse, in this process, with a manifest parsed once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg import sql
from psycopg.rows import dict_row

from orchestration.connection_url import dbt_environment

PROJECT = Path(__file__).parents[3] / "dbt_project"
SOURCES = {"sources": ["platform"]}
_WITHOUT_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


def parse_project(scratch: Path, url: str) -> Manifest:
    """The project's manifest with the platform as its only source."""
    with patch.dict(os.environ, dbt_environment(url)):
        done = dbtRunner().invoke([*_arguments("parse", scratch), "--vars", json.dumps(SOURCES)])
    assert isinstance(done.result, Manifest), done.exception
    return done.result


@dataclass(frozen=True)
class Warehouse:
    """The warehouse at `url` (a superuser's); dbt writes its own files into `scratch`."""

    url: str
    scratch: Path
    manifest: Manifest

    def dbt(self, command: str, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Run one dbt command; its result. Fails with dbt's own words."""
        given = SOURCES | variables | ({"as_of": as_of.isoformat()} if as_of else {})
        with patch.dict(os.environ, dbt_environment(self.url)):
            done = dbtRunner(manifest=self.manifest).invoke(
                [*_arguments(command, self.scratch), "--vars", json.dumps(given), *arguments]
            )
        assert done.success, _failures(done)
        return done.result

    def build(self, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Build the platform's models, all or what the arguments select, without any test."""
        return self.dbt("build", *_WITHOUT_TESTS, *arguments, as_of=as_of, **variables)

    def build_and_test(self, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Build the platform's models and run their data tests."""
        return self.dbt("build", "--exclude-resource-type", "unit_test", *arguments, as_of=as_of, **variables)

    @contextmanager
    def dbt_process(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """One dbt command in a process of its own; killed at the end if it still runs."""
        program = str(Path(sys.executable).with_name("dbt"))
        with subprocess.Popen(
            [program, *_arguments(arguments[0], self.scratch), "--vars", json.dumps(SOURCES), *arguments[1:]],
            env={**os.environ, **dbt_environment(self.url)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query, read as the superuser."""
        with psycopg.connect(self.url) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        """The single value that a query gives."""
        (row,) = self.rows(query, *parameters)
        (value,) = row.values()
        return value

    @contextmanager
    def connect(self, role: str | None = None) -> Iterator[psycopg.Connection]:
        """A connection as the superuser, or as the role."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            if role is not None:
                connection.execute(sql.SQL("set session authorization {}").format(sql.Identifier(role)))
            yield connection


def _arguments(command: str, scratch: Path) -> list[str]:
    return [
        command,
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet"),
        *("--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")),
    ]


def _failures(done: Any) -> str:
    results: Sequence[Any] = getattr(done.result, "results", ())
    failed = [result for result in results if result.status in ("error", "fail", "runtime error")]
    return "\n".join(f"{result.node.name}: {result.message}" for result in failed) or str(done.exception)
