"""One `subdyn up` for the tests that ask its UI and for those that click in it."""

import secrets
import shutil
import signal
import socket
import urllib.error
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from orchestration.settings import Settings
from tests.conftest import PostgresServer
from tests.end_to_end.dagster_ui.server import Ui
from tests.support.installation import subdyn, wait_for


@pytest.fixture(scope="package")
def ui_installation(
    nightly_installation: Settings, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A copy of the installation, with its runs and its warehouse, that may be changed."""
    name = f"e2e_ui_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server.url, autocommit=True) as server:
        original = nightly_installation.warehouse_login().rpartition("/")[2]
        query = "create database {} template {}"
        server.execute(sql.SQL(query).format(sql.Identifier(name), sql.Identifier(original)))
        # what may be done with a database is not copied with it
        grant = "grant connect, create, temporary on database {} to subdyn_pipeline"
        server.execute(sql.SQL(grant).format(sql.Identifier(name)))
    home = tmp_path_factory.mktemp("the UI") / "home"
    shutil.copytree(nightly_installation.home, home)
    yield nightly_installation.model_copy(
        update={
            "home": home,
            "warehouse_url": SecretStr(postgres_server.database_url(name)),
            # no schedule starts a run of its own
            "embedded": True,
        }
    )
    postgres_server.drop_database(name)


@pytest.fixture(scope="package")
def ui(ui_installation: Settings) -> Iterator[Ui]:
    """`subdyn up` in that installation, ready to answer."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    log = ui_installation.home / "up.log"
    with log.open("w") as output:
        started = subdyn(ui_installation, "up", "--port", str(port), output=output)
    found = Ui(f"http://127.0.0.1:{port}")

    def is_ready() -> bool:
        assert started.poll() is None, log.read_text()
        try:
            return bool(
                found.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
            )
        except urllib.error.URLError:
            return False

    try:
        wait_for(is_ready)
        yield found
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(timeout=120)
