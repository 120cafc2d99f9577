"""Warehouses for tests of models and reports: the sources differ by folder, see each `project`."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.servers import PostgresServer
from tests.support.warehouse import ParsedProject, Warehouse, new_warehouse, parse_project


@pytest.fixture(scope="session")
def project_with(
    shared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., ParsedProject]:
    """The dbt project as parsed with the sources given."""
    return cache(lambda *sources: parse_project(shared_folder, tmp_path_factory.mktemp("dbt"), sources))


@pytest.fixture
def warehouse(
    postgres_server: PostgresServer, project: ParsedProject, selection: tuple[str, ...]
) -> Iterator[Warehouse]:
    """A warehouse of one test; not in a module that uses `shared_warehouse`."""
    with new_warehouse(postgres_server, project, selection) as made:
        yield made


@pytest.fixture(scope="module")
def shared_warehouse(
    postgres_server: PostgresServer, project: ParsedProject, selection: tuple[str, ...]
) -> Iterator[Warehouse]:
    """A warehouse that the tests of a module share."""
    with new_warehouse(postgres_server, project, selection) as made:
        yield made


@pytest.fixture(scope="module")
def selection() -> tuple[str, ...]:
    """What a build builds, else everything."""
    return ()
