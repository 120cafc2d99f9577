"""A migrated warehouse for all tests of delivery: emptied of deliveries before each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from exports.result import new_result_id
from exports.result_store import store
from orchestration.connection_url import as_pipeline
from orchestration.migrate import migrate
from tests.support.deliveries import Installation
from tests.support.mail_server import Mailbox, MailServer
from tests.support.results import a_result

if TYPE_CHECKING:
    from tests.support.servers import PostgresServer


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresServer) -> Iterator[str]:
    """The superuser's URL of a database with the tables of the app schema."""
    name = f"delivery_{secrets.token_hex(6)}"
    url = postgres_server.create_database(name)
    migrate(url)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture
def installation(migrated: str) -> Iterator[Installation]:
    """The warehouse without deliveries and saved queries."""
    with psycopg.connect(migrated, autocommit=True) as connection:
        connection.execute("truncate app.outbox, app.deliveries, app.saved_query_versions, app.saved_queries")
    with psycopg.connect(as_pipeline(migrated), autocommit=True) as connection:
        yield Installation(as_pipeline(migrated), connection)


@pytest.fixture
def mailbox() -> Mailbox:
    """What arrives at the server."""
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[MailServer]:
    """A mail server that takes everything unless the mailbox is told otherwise."""
    with MailServer(mailbox) as running:
        yield running


@pytest.fixture
def stored(installation: Installation) -> Any:
    """A stored result."""
    return store(installation.connection, replace(a_result(), result_id=new_result_id()))
