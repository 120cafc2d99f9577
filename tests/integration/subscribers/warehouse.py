"""Runs dbt on the platform's side of a warehouse, in this process."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from dbt.cli.main import dbtRunner
from psycopg.rows import dict_row

from orchestration.connection_url import dbt_environment

PROJECT = Path(__file__).parents[3] / "dbt_project"


class Warehouse:
    """The warehouse at `url` (a superuser's) and the folder in which dbt may write."""

    def __init__(self, url: str, scratch: Path) -> None:
        self.url = url
        self.scratch = scratch

    def dbt(self, command: str, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Run one dbt command without unit tests; its result. Fails with dbt's own words."""
        done = self.try_dbt(command, *arguments, as_of=as_of, **variables)
        assert done.success, _failures(done)
        return done.result

    def try_dbt(self, command: str, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Run one dbt command; dbt's result object, successful or not."""
        given = {"sources": ["platform"], **variables}
        if as_of is not None:
            given["as_of"] = as_of.isoformat()
        with patch.dict(os.environ, dbt_environment(self.url)):
            return dbtRunner().invoke(
                [
                    command,
                    *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet"),
                    *("--target-path", str(self.scratch / "target"), "--log-path", str(self.scratch / "logs")),
                    *("--vars", json.dumps(given)),
                    *arguments,
                ]
            )

    def build(self, *arguments: str, as_of: datetime | None = None, **variables: Any) -> Any:
        """Build and test all models of the platform."""
        return self.dbt("build", "--exclude-resource-type", "unit_test", *arguments, as_of=as_of, **variables)

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query, read as the superuser."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    @contextmanager
    def connect(self, role: str | None = None) -> Iterator[psycopg.Connection]:
        """A connection as the superuser, or as the role."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            if role is not None:
                connection.execute(f"set role {role}".encode())
            yield connection


def _failures(done: Any) -> str:
    if done.exception is not None:
        return str(done.exception)
    results: Sequence[Any] = getattr(done.result, "results", ())
    return "\n".join(
        f"{result.node.name}: {result.status}: {result.message}"
        for result in results
        if result.status not in ("success", "pass", "skipped", "warn")
    )
