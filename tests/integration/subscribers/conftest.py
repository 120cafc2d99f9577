"""A warehouse with empty raw tables of a platform, migrated, ready for dbt."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from orchestration.migrate import migrate
from tests.conftest import PostgresServer
from tests.integration.subscribers.raw_platform import RawPlatform
from tests.integration.subscribers.warehouse import Warehouse, parse_project


@dataclass(frozen=True)
class ParsedProject:
    """The dbt project, parsed once. A manifest holds to the database name it was parsed with."""

    database: str
    scratch: Path
    manifest: Manifest


@pytest.fixture(scope="session")
def parsed_project(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> ParsedProject:
    """The project, parsed for the one database name that these tests use, one after another."""
    database = f"test_subscribers_{secrets.token_hex(4)}"
    scratch = tmp_path_factory.mktemp("dbt")
    return ParsedProject(database, scratch, parse_project(scratch, postgres_server.database_url(database)))


@contextmanager
def _new_warehouse(server: PostgresServer, project: ParsedProject) -> Iterator[Warehouse]:
    url = server.create_database(project.database)
    try:
        migrate(url)
        RawPlatform(url).create()
        yield Warehouse(url, project.scratch, project.manifest)
    finally:
        server.drop_database(project.database)


@pytest.fixture
def warehouse(postgres_server: PostgresServer, parsed_project: ParsedProject) -> Iterator[Warehouse]:
    """A warehouse of one test; not in a module that uses `shared_warehouse`."""
    with _new_warehouse(postgres_server, parsed_project) as made:
        yield made


@pytest.fixture(scope="module")
def shared_warehouse(postgres_server: PostgresServer, parsed_project: ParsedProject) -> Iterator[Warehouse]:
    """A warehouse that the tests of a module share."""
    with _new_warehouse(postgres_server, parsed_project) as made:
        yield made
