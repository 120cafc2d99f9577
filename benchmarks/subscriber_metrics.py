"""Subscriber metrics at full size: the build, an hour's refresh, and the sweep beside DuckDB's.

`python -m benchmarks.subscriber_metrics [--logons N] [--subscribers N]`

24 months, in a platform's database of its own. The hour is the whole command: extraction, Dagster, dbt, and
the check that closed months and their ledger add up. The sweep is what takes the time: sessions split at
months, merged per user, and the most at once with its first instant; DuckDB does the same from its own table
in the same run, and the results are compared.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
from dagster import AssetKey

from benchmarks.extract_setting import Run, execute, peer_python, postgresql, reported, timed
from demo.operator.stores import SQL_FOLDER
from extract.load import load_table
from extract.prepare import prepare_sources
from extract.sources.platform import TABLES
from orchestration.connection_url import as_pipeline, dbt_environment
from orchestration.dagster_home import dagster_instance
from orchestration.migrate import migrate
from orchestration.settings import Settings

FOLDER = Path(__file__).parent
DBT_PROJECT = FOLDER.parent / "dbt_project"
MONTHS = 24
DATA_THROUGH = datetime(2026, 11, 14, 15, tzinfo=UTC)
HEAVY = ("int_logons_split_by_month", "int_user_months_online", "int_subscriber_months_concurrency")
BUILD_LIMIT, HOUR_LIMIT, MONTH_LIMIT, PEER_LIMIT = 300.0, 20.0, 3.0, 3.0


@dataclass(frozen=True)
class Built:
    """One run of dbt: its seconds in all, the processors' for the database, and each model's."""

    seconds: float
    database_seconds: float
    models: dict[str, float]

    @property
    def sweep_seconds(self) -> float:
        """The heavy models' seconds."""
        return sum(self.models[name] for name in HEAVY)


def main(arguments: list[str]) -> int:
    """Print each figure beside its limit; 1 if one was missed or the results differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscriber_metrics")
    parser.add_argument("--logons", type=int, default=10_000_000)
    parser.add_argument("--subscribers", type=int, default=2_000)
    asked = parser.parse_args(arguments)
    kept: list[bool] = []
    with postgresql() as server, tempfile.TemporaryDirectory(prefix="subdyn-bench-dbt-") as temporary:
        folder = Path(temporary)
        url, source_url = server.database("warehouse"), server.database("platform")
        _fill(source_url, asked.logons, asked.subscribers)
        print(f"{asked.logons:,} logons, {asked.subscribers:,} subscribers, load {os.getloadavg()[0]:.1f}")
        _line("extraction", _extract(source_url, url), None)
        built = _build(url, folder)
        kept.append(_line("build from nothing, closed months included", built.seconds, BUILD_LIMIT))
        _line("of the processors for the database", built.database_seconds, None)
        peer = _peer(url, folder)
        if peer is not None:
            ratio = built.sweep_seconds / peer.seconds
            kept.append(
                _line(
                    f"sweep of all months, x {ratio:.2f} of DuckDB",
                    built.sweep_seconds,
                    PEER_LIMIT * peer.seconds,
                )
            )
            kept.append(_line("DuckDB's sweep, the same rows", peer.seconds, None) and _agree(url, folder))
        hourly = _Hourly(Settings.model_validate(_installation(folder, url, source_url)))
        hourly.run(DATA_THROUGH)  # what the benchmark's own build left to be done
        _run_sql(source_url, "subscriber_hour.sql", data_through=DATA_THROUGH)
        kept.append(
            _line(
                "hourly, every subscriber changed", hourly.run(DATA_THROUGH + timedelta(hours=1)), HOUR_LIMIT
            )
        )
        models = hourly.seconds_of_models()
        kept.append(
            _line("of it the sweep of the live month", sum(models[name] for name in HEAVY), MONTH_LIMIT)
        )
        for name in HEAVY:
            print(f"    {name:<40}{built.models[name]:8.2f} s once {models[name]:8.2f} s in the hour")
    return 0 if all(kept) else 1


@dataclass(frozen=True)
class _Hourly:
    """`subdyn run hourly` in a process of its own, in an installation that has nothing but a platform."""

    settings: Settings

    def run(self, as_of: datetime) -> float:
        """The seconds of the whole command."""
        command = [sys.executable, "-m", "orchestration", "run", "hourly", "--as-of", as_of.isoformat()]
        return timed(command, **self.settings.environment()).seconds

    def seconds_of_models(self) -> dict[str, float]:
        """What each of the heavy models took in the last run."""
        found = {}
        with dagster_instance(self.settings) as instance:
            for name in HEAVY:
                event = instance.get_latest_materialization_event(AssetKey(["intermediate", name]))
                if event is None or event.asset_materialization is None:
                    raise RuntimeError(f"the run has not made {name}")
                found[name] = event.asset_materialization.metadata["Execution Duration"].value
        return found


def _installation(folder: Path, url: str, source_url: str) -> dict[str, object]:
    urls = {"warehouse_url": url, "platform_url": source_url, "billing_url": "", "middleware_url": ""}
    return {"home": folder / "home", **urls}


def _line(what: str, seconds: float, limit: float | None) -> bool:
    is_kept = limit is None or seconds <= limit
    bound = "" if limit is None else f"  limit {limit:6.1f} s  {'ok' if is_kept else 'MISSED'}"
    print(f"{what:<54}{seconds:8.2f} s{bound}", flush=True)
    return is_kept


def _fill(source_url: str, logons: int, subscribers: int) -> None:
    for name in ("platform.postgresql.sql", "platform.postgresql.keys.sql"):
        execute(source_url, (SQL_FOLDER / name).read_text())
    _run_sql(
        source_url,
        "subscriber_platform.sql",
        logons=logons,
        subscribers=subscribers,
        months=MONTHS,
        data_through=DATA_THROUGH,
    )
    execute(source_url, "vacuum analyze")


def _extract(source_url: str, url: str) -> float:
    migrate(url)
    prepare_sources(["platform"], as_pipeline(url))
    began = time.perf_counter()
    for table in TABLES:
        load_table(table, source_url, as_pipeline(url), DATA_THROUGH)
    return time.perf_counter() - began


def _run_sql(url: str, name: str, **parameters: object) -> None:
    with psycopg.connect(url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute((FOLDER / name).read_text().encode(), parameters)


def _build(url: str, folder: Path, *arguments: str) -> Built:
    processor = _database_seconds(url)
    run = timed(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"),
            *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
            *("--vars", json.dumps({"sources": ["platform"]})),
            *arguments,
        ],
        **dbt_environment(url),
    )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    models = {result["unique_id"].rpartition(".")[2]: result["execution_time"] for result in results}
    return Built(run.seconds, _database_seconds(url) - processor, models)


def _database_seconds(url: str) -> float:
    """The processors' seconds that the server has taken so far: on a busy machine the clock says little."""
    with psycopg.connect(url) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
        if server is None:
            return 0.0
        ended = server.cpu_times()
        running = [process.cpu_times() for process in server.children()]
        return sum(
            (each.user + each.system for each in running),
            ended.user + ended.system + ended.children_user + ended.children_system,
        )


def _peer(url: str, folder: Path) -> Run | None:
    python = peer_python()
    if python is None:
        return None
    with psycopg.connect(url) as connection:
        logons = "select subscriber_id, user_id, logged_on_at, ended_at from marts.fct_logons"
        _export(connection, f"{logons} where not is_locked_at_logon", folder / "logons.csv")
        months = (
            "select subscriber_id, to_char(month, 'YYYYMM')::bigint as month,"
            " month_start_at, month_end_at, data_through_at"
            " from intermediate.int_subscriber_months cross join intermediate.int_platform_data_through"
        )
        _export(connection, months, folder / "months.csv")
    return reported("subscriber_peer.py", str(folder), python=python)


def _export(connection: psycopg.Connection, query: str, path: Path) -> None:
    with (
        path.open("wb") as file,
        connection.cursor() as cursor,
        cursor.copy(f"copy ({query}) to stdout (format csv, header)".encode()) as rows,
    ):
        for row in rows:
            file.write(row)


def _agree(url: str, folder: Path) -> bool:
    with psycopg.connect(url) as connection:
        ours = connection.execute(
            "select subscriber_id, to_char(month, 'YYYYMM')::bigint, concurrent_max,"
            " extract(epoch from concurrent_max_at) * 1000000, logon_minutes"
            " from intermediate.int_subscriber_metrics where concurrent_max > 0 order by 1, 2"
        ).fetchall()
    with (folder / "metrics.csv").open(newline="") as file:
        theirs = [tuple(map(int, row)) for row in csv.reader(file)]
    differing = len(set(theirs) ^ {tuple(map(int, row)) for row in ours})
    print(f"rows that differ from DuckDB's: {differing} of {len(ours)}")
    return differing == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
