"""One warehouse for all tests of the models: filled again by each, its dbt project parsed once."""

import secrets
from collections.abc import Iterator

import pytest

from tests.conftest import PostgresServer
from tests.support.warehouse import BuiltWarehouse


@pytest.fixture(scope="session")
def parsed_models(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BuiltWarehouse]:
    """The migrated database; what it holds is the last test's."""
    name = f"models_{secrets.token_hex(6)}"
    yield BuiltWarehouse(postgres_server.create_database(name), tmp_path_factory.mktemp("dbt"))
    postgres_server.drop_database(name)


@pytest.fixture
def warehouse(parsed_models: BuiltWarehouse) -> BuiltWarehouse:
    """The warehouse with empty raw tables and nothing built."""
    parsed_models.empty()
    return parsed_models
