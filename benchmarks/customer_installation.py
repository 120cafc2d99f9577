"""A made-up operator of a size with its warehouse, in a folder that later runs use again."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from pydantic import SecretStr

from demo.operator import change_customers, create
from demo.servers import running_servers
from extract.load import load_collection, load_table
from extract.sources import billing, middleware, platform
from orchestration.migrate import migrate
from orchestration.settings import Settings

MONTHS = 24
BUILT = "built.json"  # in the installation's folder: what the build took, once it is whole
PROJECT = Path(__file__).parent.parent
DBT_PROJECT = PROJECT / "dbt_project"
SUBDYN = (sys.executable, "-m", "orchestration")


@dataclass(frozen=True)
class Spent:
    """What something took: seconds on the clock, and of the processors for us and the database together."""

    seconds: float
    processor_seconds: float


@dataclass(frozen=True)
class Installation:
    """The running servers of a folder, and the settings that lead to them."""

    folder: Path
    settings: Settings

    def subdyn(self, *words: str) -> Spent:
        """A command in a process of its own, as a user runs it; its output on failure only."""
        return self.timed(lambda: _run(self.folder, [*SUBDYN, *words]))

    def change(self, customers: int) -> None:
        """Give that many customers a new charge, some of them an old one rerated or deleted."""
        now = datetime.now(UTC) - timedelta(seconds=2)
        change_customers(self.settings.source_url("billing"), customers=customers, after=now)

    def build_from_nothing(self) -> Spent:
        """The customer side of the warehouse, by dbt, from what was extracted: models, then their tests."""
        schemas = ("staging", "intermediate", "marts")
        with psycopg.connect(self.settings.warehouse(), autocommit=True) as connection:
            for schema in schemas:
                connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema)))
        command = [str(Path(sys.executable).with_name("dbt")), "build"]
        command += ["--vars", "{sources: [billing]}", "--exclude-resource-type", "unit_test"]
        command += ["--target-path", str(self.folder / "benchmark-dbt"), "--log-level", "warn"]
        command += ["--log-path", str(self.folder / "benchmark-dbt")]
        folders = {"DBT_PROJECT_DIR": str(DBT_PROJECT), "DBT_PROFILES_DIR": str(DBT_PROJECT)}
        return self.timed(lambda: _run(self.folder, command, **folders, **self.settings.dbt_environment()))

    def copy_of_movements(self) -> Spent:
        """The least a build could do: one pass over the movements, written once, in plain SQL."""
        with psycopg.connect(self.settings.warehouse(), autocommit=True) as connection:
            copy = "create table raw_billing.benchmark_copy as select * from raw_billing.transactions"
            spent = self.timed(lambda: connection.execute(copy.encode()))
            connection.execute("drop table raw_billing.benchmark_copy")
        return spent

    def timed(self, work: Callable[[], object]) -> Spent:
        """What the work took."""
        return _timed(self.folder, work)


@contextmanager
def open_installation(folder: Path, customers: int) -> Iterator[Installation]:
    """The installation of that many customers, made and built where the folder does not hold it yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_servers(folder) as endpoints:
        urls = {name: SecretStr(getattr(endpoints, name)) for name in _URLS}
        installation = Installation(folder.resolve(), Settings(**urls, home=folder))  # pyright: ignore[reportArgumentType]
        create(endpoints, customers=customers, months=MONTHS, keep=True, report_progress=_tell)
        migrate(endpoints.warehouse_admin_url, "subdyn")
        yield installation


def first_build(installation: Installation, rebuild: bool = False) -> dict[str, Spent]:
    """Extraction and the build from nothing, `rebuild` or as kept in the folder, by what was done."""
    kept = installation.folder / BUILT
    if kept.exists() and not rebuild:
        return {name: Spent(*spent) for name, spent in json.loads(kept.read_text()).items()}
    kept.unlink(missing_ok=True)
    found = {
        "extract all sources": installation.timed(lambda: _extract(installation.settings)),
        "copy of the movements": installation.copy_of_movements(),
        "build from nothing": installation.build_from_nothing(),
        "hourly after it, other sources": installation.subdyn("run", "hourly"),
    }
    kept.write_text(
        json.dumps({name: (each.seconds, each.processor_seconds) for name, each in found.items()})
    )
    return found


def command(folder: Path, *words: str) -> Spent:
    """A command of subdyn that starts and stops the servers of a folder itself."""
    folder.mkdir(parents=True, exist_ok=True)
    return _timed(folder, lambda: _run(folder, [*SUBDYN, *words]))


def remove_installation(folder: Path) -> None:
    """Be rid of an installation, its servers having stopped."""
    shutil.rmtree(folder, ignore_errors=True)


def _extract(settings: Settings) -> None:
    as_of = datetime.now(UTC)
    for table in (*billing.TABLES, *platform.TABLES):
        load_table(table, settings.source_url(table.source), settings.warehouse(), as_of)
        _tell(f"extracted {table.source}.{table.name}")
    for collection in middleware.COLLECTIONS:
        load_collection(collection, settings.source_url("middleware"), settings.warehouse(), as_of)
        _tell(f"extracted middleware.{collection.name}")


def _run(folder: Path, command: list[str], **environment: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SUBDYN_")}
    own = {"PYTHONPATH": str(PROJECT), "SUBDYN_HOME": str(folder.resolve())}
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=folder, env=plain | own | environment
    )
    if result.returncode != 0:
        output = (result.stdout + result.stderr).strip()[-2000:]
        raise RuntimeError(f"{' '.join(command[1:4])} failed:\n{output}")


def _timed(folder: Path, work: Callable[[], object]) -> Spent:
    processor, began = _processor_seconds(folder), time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    return Spent(seconds, _processor_seconds(folder) - processor)


def _processor_seconds(folder: Path) -> float:
    """Of this process, its ended children, and the database of the folder while that runs."""
    found = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        found += usage.ru_utime + usage.ru_stime
    known = folder / "postgres/data/postmaster.pid"
    if known.exists():
        postmaster = psutil.Process(int(known.read_text().split()[0]))
        found += sum(postmaster.cpu_times()[:4])
        for child in postmaster.children():
            with suppress(psutil.NoSuchProcess):
                found += sum(child.cpu_times()[:2])
    return found


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r  {what:<100.100}", end="\r", file=sys.stderr, flush=True)


_URLS = ("warehouse_url", "billing_url", "platform_url", "middleware_url")
