"""One operator for all end-to-end tests; what a test does to it, it does to a copy."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pymongo
import pytest
import sqlalchemy as sa

from tests.support.installation import OperatorUrls, make_operator
from tests.support.servers import MongoServer, PostgresServer


@pytest.fixture(scope="session")
def operator(postgres_server: PostgresServer, mongo_server: MongoServer) -> Iterator[OperatorUrls]:
    """The operator on PostgreSQL; read only."""
    suffix = secrets.token_hex(4)
    urls = OperatorUrls(
        postgres_server.create_database(f"e2e_billing_{suffix}"),
        postgres_server.create_database(f"e2e_platform_{suffix}"),
        mongo_server.database_url(f"e2e_{suffix}"),
    )
    make_operator(urls)
    yield urls
    client: pymongo.MongoClient = pymongo.MongoClient(urls.middleware_url)
    client.drop_database(f"e2e_{suffix}")
    client.close()
    for name in (f"e2e_billing_{suffix}", f"e2e_platform_{suffix}"):
        postgres_server.drop_database(name)


@pytest.fixture
def mariadb_operator(mariadb_url: str) -> Iterator[OperatorUrls]:
    """The same operator with billing and platform on MariaDB, without a middleware of its own."""
    names = [f"subdyn_test_{kind}_{secrets.token_hex(4)}" for kind in ("billing", "platform")]
    engine = sa.create_engine(mariadb_url.replace("mysql://", "mysql+pymysql://"))
    with engine.connect() as connection:
        for name in names:
            connection.execute(sa.text(f"create database {name} character set utf8mb4"))
    urls = OperatorUrls(f"{mariadb_url}/{names[0]}", f"{mariadb_url}/{names[1]}", "")
    make_operator(urls)
    yield urls
    with engine.connect() as connection:
        for name in names:
            connection.execute(sa.text(f"drop database {name}"))
    engine.dispose()


@pytest.fixture
def copy_of(postgres_server: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Makes a copy of a PostgreSQL database and gives its URL."""
    made: list[str] = []

    def copy(url: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        made.append(name)
        return postgres_server.copy_database(url.rpartition("/")[2], name)

    yield copy
    for name in made:
        postgres_server.drop_database(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder."""
    return tmp_path / "home"
