"""Real servers for the tests: an embedded PostgreSQL and MongoDB per session, the machine's MariaDB."""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pymongo
import pymysql
import pytest
from psycopg import sql
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from demo.embedded_mongo import EmbeddedMongo
from demo.embedded_postgres import EmbeddedPostgres, throwaway_settings
from tests.support.servers import MongoServer, PostgresServer

FOLDER_PREFIX = "subdyn tests "
QUICK_FIRST = ("architecture", "unit", "reference", "integration", "end_to_end")
# Their files share what takes long to make: one worker runs them all, and begins with the longest.
OF_ONE_WORKER = ("tests/end_to_end/nightly_installation/", "tests/integration/subscriber_reports/")
MYSQL_URL = os.environ.get("SUBDYN_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the quick folders before the slow ones; where there are workers, the longest groups before all."""
    of_a_worker = hasattr(config, "workerinput")

    def place(item: pytest.Item) -> tuple[int, int]:
        name = item.path.relative_to(Path(__file__).parent).parts[0]
        group = _of_one_worker(item.nodeid)
        first = OF_ONE_WORKER.index(group) if of_a_worker and group else len(OF_ONE_WORKER)
        return first, QUICK_FIRST.index(name) if name in QUICK_FIRST else len(QUICK_FIRST)

    items.sort(key=place)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """`--dist loadfile` gives a worker a file, or all files of a folder that share a fixture."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


class _Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _of_one_worker(nodeid) or super()._split_scope(nodeid)


def _of_one_worker(nodeid: str) -> str | None:
    return next((folder for folder in OF_ONE_WORKER if nodeid.startswith(folder)), None)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of the session, the same for all its workers."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder with spaces in its path for the session's servers; killed sessions' are removed."""
    temporary = Path(tempfile.gettempdir())
    for leftover in temporary.glob(f"{FOLDER_PREFIX}*"):
        process_id = re.match(rf"{FOLDER_PREFIX}(\d+)-", leftover.name)
        if process_id is not None and not psutil.pid_exists(int(process_id[1])):
            EmbeddedMongo(leftover / "mongo").stop()
            EmbeddedPostgres(leftover / "postgres", password="").stop()
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(servers_folder: Path) -> Iterator[PostgresServer]:
    """An embedded PostgreSQL that forgets everything at the end of the session."""
    server = EmbeddedPostgres(servers_folder / "postgres", secrets.token_urlsafe(12), throwaway_settings())
    try:
        yield PostgresServer(server.url(server.start(), "postgres"))
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mongo_server(servers_folder: Path) -> Iterator[MongoServer]:
    """An embedded MongoDB-protocol server that forgets everything at the end of the session."""
    server = EmbeddedMongo(servers_folder / "mongo")
    try:
        yield MongoServer(server.url(server.start(), "").rstrip("/"))
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mariadb_url() -> str:
    """The URL of a real MariaDB, without a database; where it is absent, a build fails and others skip."""
    try:
        _mysql_connection(MYSQL_URL).close()
    except pymysql.Error as error:
        reason = f"no MariaDB at SUBDYN_TEST_MYSQL_URL ({error.args[-1]})"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return MYSQL_URL.rstrip("/")


@pytest.fixture
def fresh_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The superuser's URL of a new, empty PostgreSQL database."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def as_bi_reader(postgres_server: PostgresServer) -> Iterator[Callable[[str], str]]:
    """Turns the URL of a migrated database into that of a login that is a member of bi_reader only."""
    login, password = f"reader_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(login), sql.Literal(password))
        )

        def read_as(url: str) -> str:
            connection.execute(sql.SQL("grant bi_reader to {}").format(sql.Identifier(login)))
            server = urlsplit(url)
            return f"postgresql://{login}:{password}@{server.hostname}:{server.port}{server.path}"

        yield read_as
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(login)))


@pytest.fixture
def fresh_mariadb(mariadb_url: str) -> Iterator[str]:
    """The URL of a new, empty MariaDB database."""
    name = f"subdyn_test_{secrets.token_hex(6)}"
    with closing(_mysql_connection(mariadb_url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"create database {name} character set utf8mb4")
    yield f"{mariadb_url}/{name}"
    with closing(_mysql_connection(mariadb_url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {name}")


@pytest.fixture
def fresh_mongo(mongo_server: MongoServer) -> Iterator[str]:
    """The URL of a new, empty MongoDB database."""
    name = f"test_{secrets.token_hex(6)}"
    url = mongo_server.database_url(name)
    yield url
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(url)
    client.drop_database(name)
    client.close()


def _mysql_connection(url: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        password=parts.password or "",
        autocommit=True,
    )
