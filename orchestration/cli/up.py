"""`subdyn up`: the embedded servers and the Dagster UI, until Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.exits import BadInput, Failed
from orchestration.cli.installation import Sources, console, open_installation
from orchestration.cli.process_group import run_group
from orchestration.dagster_home import WORKSPACE, prepare_dagster_home
from orchestration.settings import Settings, load_settings

# `dagster dev` recommends `dg dev`, which is of a package that nothing else here needs
_NO_SUPERSESSION = "ignore:Function `dev_command` is superseded:FutureWarning"


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the Dagster UI listens.")] = 3000,
    host: Annotated[str, typer.Option(help="Address it listens at.")] = "127.0.0.1",
) -> None:
    """Start the servers that are not set, and the Dagster UI with its schedules; Ctrl-C stops them all."""
    with _only_one(load_settings().home, f"http://{host}:{port}"):
        _refuse_taken_port(host, port)
        with open_installation(Sources.MADE_UP_WHERE_UNSET) as settings:
            from orchestration.cli.killed import end_killed

            home = prepare_dagster_home(settings)
            end_killed(settings)
            console.print(f"[green]Dagster UI[/]: http://{host}:{port}  (Ctrl-C stops it)")
            code = run_group(_command(host, port), _environment(settings, home))
    if code != 0:
        raise Failed(f"the Dagster UI ended with exit code {code}")


def _command(host: str, port: int) -> list[str]:
    dagster = [sys.executable, "-W", _NO_SUPERSESSION, "-m", "dagster"]
    return [*dagster, "dev", "-w", str(WORKSPACE), "--host", host, "--port", str(port)]


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    return {**os.environ, **settings.environment(), "DAGSTER_HOME": str(home)}


@contextmanager
def _only_one(home: Path, url: str) -> Iterator[None]:
    """Hold the home for the block; Failed if another `subdyn up` does, whose schedules would run twice."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = (home / "up.lock").open("a+")
    except OSError as error:
        raise Failed(
            f"{home} cannot be used ({error.strerror}): set SUBDYN_HOME to a folder of yours"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Failed(f"subdyn up runs already on {home}: {_holder(file.read())}") from None
        file.truncate(0)
        json.dump({"pid": os.getpid(), "url": url}, file)
        file.flush()
        yield


def _holder(note: str) -> str:
    try:
        held = json.loads(note)
        return f"process {held['pid']}, {held['url']}"
    except (ValueError, KeyError, TypeError):
        return "by a process that has not said its number yet"


def _refuse_taken_port(host: str, port: int) -> None:
    """Failed if something listens there, with its name; BadInput if one cannot listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failed(
                f"port {port} of {host} is taken by {_listener(port)}: choose another (--port)"
            ) from None
        raise BadInput(f"--host {host} --port {port}: {error.strerror or error}") from None


def _listener(port: int) -> str:
    """The process that listens at a port of this machine, as far as it can be seen."""
    import psutil

    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.pid and port in connection.laddr
        ]
        process = psutil.Process(listening[0])
        return f"process {process.pid} ({process.name()}, user {process.username()})"
    except (psutil.Error, IndexError):
        return "another user's process"
