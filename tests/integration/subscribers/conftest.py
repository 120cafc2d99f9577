"""A warehouse with empty raw tables of a platform, migrated, ready for dbt."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from dbt.contracts.graph.manifest import Manifest
from psycopg import sql

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

    def warehouse(self, server: PostgresServer) -> Warehouse:
        """The warehouse in the database that the project was parsed for."""
        return Warehouse(server.database_url(self.database), self.scratch, self.manifest)


@pytest.fixture(scope="session")
def parsed_project(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> ParsedProject:
    """The project, parsed for the one database name that these tests use, one after another."""
    database = f"test_subscribers_{secrets.token_hex(4)}"
    scratch = tmp_path_factory.mktemp("dbt")
    return ParsedProject(database, scratch, parse_project(scratch, postgres_server.database_url(database)))


@contextmanager
def new_warehouse(server: PostgresServer, project: ParsedProject) -> Iterator[Warehouse]:
    """A migrated warehouse with empty raw tables, for as long as the context lasts."""
    url = server.create_database(project.database)
    try:
        migrate(url)
        RawPlatform(url).create()
        yield project.warehouse(server)
    finally:
        server.drop_database(project.database)


def copy_database(server: PostgresServer, original: str, copy: str) -> None:
    """Make a database like another one, which loses whoever is connected to it."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (original,)
        )
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(copy), sql.Identifier(original))
        )
        # rights on a database are not copied with it
        connection.execute(
            sql.SQL("grant connect, create, temporary on database {} to subdyn_pipeline").format(
                sql.Identifier(copy)
            )
        )


@pytest.fixture
def warehouse(postgres_server: PostgresServer, parsed_project: ParsedProject) -> Iterator[Warehouse]:
    """A warehouse of one test; not in a module that uses `shared_warehouse`."""
    with new_warehouse(postgres_server, parsed_project) as made:
        yield made


@pytest.fixture(scope="module")
def shared_warehouse(postgres_server: PostgresServer, parsed_project: ParsedProject) -> Iterator[Warehouse]:
    """A warehouse that the tests of a module share."""
    with new_warehouse(postgres_server, parsed_project) as made:
        yield made
