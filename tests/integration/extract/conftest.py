"""Sources for the extraction's tests: the same promises hold on both SQL engines."""

import pytest

from tests.support.sql_source import SqlSource


@pytest.fixture(params=["postgresql", "mariadb"])
def source(request: pytest.FixtureRequest) -> SqlSource:
    """An empty source database of each engine."""
    if request.param == "postgresql":
        return SqlSource(request.getfixturevalue("other_database"), "postgresql")
    return SqlSource(request.getfixturevalue("fresh_mariadb"), "mariadb")


@pytest.fixture
def other_database(postgres_server):
    """A second empty PostgreSQL database, beside `fresh_database`, for the source."""
    import secrets

    name = f"test_source_{secrets.token_hex(6)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)
