"""A source that takes the connection and then says nothing holds nobody for longer than it was allowed to."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pymongo
import pytest
from bson.objectid import ObjectId

from extract.counts import count_source
from extract.errors import RetryLater, SourceRefused, Unreachable
from extract.identity import identify_source
from extract.load import load_collection, load_table
from extract.sources import middleware
from extract.specification import SourceCollection, SourceTable
from extract.sweep import sweep_collection, sweep_table
from extract.waits import Waits
from tests.support.servers import PostgresServer
from tests.support.sql_source import AS_OF, CUSTOMERS, START, SqlSource, customer, raw

PATIENCE = Waits(connect_seconds=0.6, first_row_seconds=0.8, between_rows_seconds=0.7)
# closing what does not answer takes its time as well
MOST_SECONDS = 8.0
ROWS = 6_000
SESSIONS = next(one for one in middleware.COLLECTIONS if one.name == "online_sessions")


@dataclass(frozen=True)
class Source:
    """A source of one engine with rows in it; `request` is what asks for them."""

    url: str
    specification: SourceTable | SourceCollection
    request: bytes
    count_request: bytes

    def through(self, port: int) -> str:
        """The URL by way of another port."""
        parts = urlsplit(self.url)
        login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        # MongoDB's driver looks after the server beside the load: that must not be what notices it first
        options = "heartbeatFrequencyMS=600000" if parts.scheme == "mongodb" else parts.query
        return parts._replace(netloc=f"{login}127.0.0.1:{port}", query=options).geturl()

    @property
    def target(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 3306

    def load(self, url: str, warehouse: str) -> None:
        if isinstance(self.specification, SourceCollection):
            load_collection(self.specification, url, warehouse, AS_OF, waits=PATIENCE)
        else:
            load_table(self.specification, url, warehouse, AS_OF, waits=PATIENCE)

    def sweep(self, url: str, warehouse: str) -> None:
        if isinstance(self.specification, SourceCollection):
            sweep_collection(self.specification, url, warehouse, AS_OF, PATIENCE)
        else:
            sweep_table(self.specification, url, warehouse, AS_OF, PATIENCE)

    def count(self, url: str, _warehouse: str) -> None:
        count_source(self.specification, url, AS_OF, waits=PATIENCE)

    def identify(self, url: str, _warehouse: str = "") -> None:
        identify_source(self.specification.source, url, PATIENCE)


@pytest.fixture(scope="module", params=["postgresql", "mariadb", "mongodb"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    """A source of each engine, with more rows than any buffer on the way holds; read only."""
    name = f"subdyn_test_waits_{secrets.token_hex(4)}"
    if request.param == "mongodb":
        url = request.getfixturevalue("mongo_server").database_url(name)
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url)
        with client:
            client[name][SESSIONS.name].insert_many(
                {"_id": ObjectId.from_datetime(START + timedelta(seconds=number)), "text": "x" * 100}
                for number in range(ROWS)
            )
            yield Source(url, SESSIONS, b"find", b"aggregate")
            client.drop_database(name)
        return
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made, requests = SqlSource(server.database_url(name), "postgresql"), (b"COPY", b"select count(")
        place = made
        server.create_database(name)
    else:
        mariadb_url: str = request.getfixturevalue("mariadb_url")
        made, requests = SqlSource(f"{mariadb_url}/{name}", "mariadb"), (b"from `customers`",) * 2
        place = SqlSource(f"{mariadb_url}/mysql", "mariadb")
        place.execute(f"create database {name}")
    made.create(CUSTOMERS)
    made.insert(CUSTOMERS, [customer(number, name="x" * 100) for number in range(ROWS)])
    yield Source(made.url, CUSTOMERS, *requests)
    if request.param == "mariadb":
        place.execute(f"drop database {name}")


@contextmanager
def raised_in_time(word: str, kind: type[RetryLater] = RetryLater):
    started = time.monotonic()
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    message = str(caught.value)
    assert word in message
    assert "\n" not in message
    assert time.monotonic() - started < MOST_SECONDS


def test_a_source_that_takes_the_connection_and_says_nothing_is_told(
    source: Source, fresh_database: str
) -> None:
    asking: list[Callable[[str, str], None]] = [source.load, source.sweep, source.count, source.identify]
    for ask in asking:
        with (
            stalling() as silent,
            raised_in_time(
                f"the {source.specification.source} database did not answer the connection within 0.6 s"
            ),
        ):
            ask(source.through(silent.port), fresh_database)


def test_a_query_that_nothing_comes_of_is_told(source: Source, fresh_database: str) -> None:
    source.load(source.url, fresh_database)
    name = f"{source.specification.source}.{source.specification.name}"
    word = f"{name}: the {source.specification.source} database gave no first row within 0.8 s"
    for ask, request in (
        (source.load, source.request),
        (source.sweep, source.request),
        (source.count, source.count_request),
    ):
        with stalling(source.target, request) as slow, raised_in_time(word):
            ask(source.through(slow.port), fresh_database)


def test_rows_that_stop_coming_are_told_and_nothing_of_them_is_kept(
    source: Source, fresh_database: str
) -> None:
    name, schema = source.specification.name, f"raw_{source.specification.source}"
    with (
        stalling(source.target, source.request, after_bytes=450_000) as slow,
        raised_in_time("gave no further row for 0.7 s"),
    ):
        source.load(source.through(slow.port), fresh_database)
    assert raw(fresh_database, f"select count(*) from {schema}.load_log") == [(0,)]
    source.load(source.url, fresh_database)
    assert raw(fresh_database, f"select count(*) from {schema}.{name}") == [(ROWS,)]


def test_nobody_at_the_address_is_told_at_once(source: Source) -> None:
    with stalling() as gone:
        port = gone.port
    started = time.monotonic()
    with raised_in_time("cannot be reached", Unreachable):
        source.identify(source.through(port))
    assert time.monotonic() - started < 0.5


def test_a_host_that_nobody_knows_is_never_tried_again(source: Source) -> None:
    parts = urlsplit(source.url)
    url = parts._replace(netloc="nowhere.invalid").geturl()
    with pytest.raises(SourceRefused, match="nobody knows the host"):
        source.identify(url)


def test_tls_that_is_refused_is_never_tried_again(source: Source, mariadb_url: str) -> None:
    asked = {"postgresql": "?sslmode=require", "mysql": "?ssl_ca=/etc/ssl/certs/ca-certificates.crt"}
    scheme = urlsplit(source.url).scheme
    url = source.url + asked.get(scheme, "")
    if scheme == "mongodb":
        # the embedded server meets TLS with silence; MariaDB speaks first, and no TLS
        url = f"mongodb://{urlsplit(mariadb_url).netloc.rpartition('@')[2]}/any?tls=true"
    with pytest.raises(SourceRefused, match="refused TLS"):
        identify_source(source.specification.source, url, Waits(connect_seconds=1))


class StallingServer:
    """Passes bytes on to a real server until it stalls; without one it never says a word."""

    def __init__(
        self, target: tuple[str, int] | None, request: bytes | None = None, after_bytes: int = 0
    ) -> None:
        self._target, self._request, self._left = target, request, after_bytes
        self._stalled = request is None and target is None
        self._is_asked = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._open.append(client)
                if self._target is None:
                    continue
                server = socket.create_connection(self._target)
                self._open.append(server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self._request is not None and self._request in data:
                    self._is_asked = True
                    self._stalled = self._left == 0
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(4096):
                if self._is_asked and self._left:
                    self._left -= min(len(data), self._left)
                    self._stalled = self._left == 0
                if not self._stalled:
                    client.sendall(data)


@contextmanager
def stalling(
    target: tuple[str, int] | None = None, request: bytes | None = None, after_bytes: int = 0
) -> Iterator[StallingServer]:
    """Such a server for the block: it stalls once `request` was asked and so many bytes were answered."""
    server = StallingServer(target, request, after_bytes)
    try:
        yield server
    finally:
        server.close()
