"""One warehouse for all tests of reports: emptied and filled again by each, its dbt project parsed once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.exports.billing_warehouse import BillingWarehouse

if TYPE_CHECKING:
    from tests.conftest import PostgresServer


@pytest.fixture(scope="session")
def parsed_warehouse(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BillingWarehouse]:
    """The migrated database; what it holds is the last test's."""
    name = f"reports_{secrets.token_hex(6)}"
    target: Path = tmp_path_factory.mktemp("dbt")
    yield BillingWarehouse(postgres_server.create_database(name), target)
    postgres_server.drop_database(name)


@pytest.fixture
def warehouse(parsed_warehouse: BillingWarehouse) -> BillingWarehouse:
    """The warehouse with empty raw tables and nothing built."""
    parsed_warehouse.empty()
    return parsed_warehouse
