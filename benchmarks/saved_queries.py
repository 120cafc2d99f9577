"""Many schedules due at one minute: how long until all results are stored and all mails are out, in one run.

`python -m benchmarks.saved_queries [--customers N] [--queries N] [--keep FOLDER]`

Saves that many different questions of Customer Dynamics, due at the same minute, each to two recipients with
a workbook, and runs the job `deliveries` as the sensor would. Mails go to a folder of files.
"""

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg

from benchmarks.customer_installation import Installation, first_build, open_installation, remove_installation
from exports.queries.definition import SavedQueryInput
from exports.queries.deliveries import note_due
from exports.queries.store import save
from exports.result import GeneratedBy
from orchestration.assets.deliveries import DELIVERIES
from orchestration.dagster_home import dagster_instance
from orchestration.headless import run_job

STORED_LIMIT = 180.0
BY = GeneratedBy("benchmark", "administrator")
ZONES = ("UTC", "Europe/Kyiv", "America/New_York", "Asia/Kathmandu", "Asia/Kolkata")
GROUPINGS = ("month", "date", "package", "month,package")
INTERVALS = ("last-month", "last-7-days", "last-3-months", "yesterday", "last-week")


def main(arguments: list[str]) -> int:
    """Print what was measured; 1 if the limit was missed or something was not delivered."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saved_queries")
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--keep", metavar="FOLDER", help="use the data in this folder, and leave it there")
    asked = parser.parse_args(arguments)
    folder = Path(asked.keep or tempfile.mkdtemp(prefix="subdyn-bench-"))
    try:
        with open_installation(folder / f"customers-{asked.customers}", asked.customers) as installation:
            first_build(installation)
            return _measure(installation, asked.queries)
    finally:
        if asked.keep is None:
            remove_installation(folder)


def _measure(installation: Installation, count: int) -> int:
    began_at = datetime.now(UTC)
    with psycopg.connect(installation.settings.warehouse(), autocommit=True) as connection:
        _save(connection, count, began_at)
        began = time.perf_counter()
        noted = note_due(connection, began_at)
        print(
            f"{noted.due} due, noticed in {time.perf_counter() - began:.2f} s, load {os.getloadavg()[0]:.1f}"
        )
        began, clock = time.perf_counter(), datetime.now(UTC)
        runs = _deliver(installation, clock)
        total = time.perf_counter() - began
        states, stored_at, mails = _outcome(connection, began_at)
    stored = (stored_at - clock).total_seconds() if stored_at is not None else total
    print(f"all results stored: {stored:.1f} s (limit {STORED_LIMIT:g})")
    print(f"all mails out: {total:.1f} s; {mails} mails; {runs} run; deliveries by state: {states}")
    missed = stored > STORED_LIMIT or states != {"done": count} or mails != 2 * count
    print("MISSED" if missed else "ok")
    return int(missed)


def _save(connection: psycopg.Connection, count: int, now: datetime) -> None:
    due = now - timedelta(minutes=1)
    for number in range(count):
        definition = SavedQueryInput.read(
            {
                "title": f"{now.isoformat()} {number}",
                "owner": BY.name,
                "report": "customer-dynamics",
                "parameters": {
                    "interval": INTERVALS[number % len(INTERVALS)],
                    "time_zone": ZONES[number // len(INTERVALS) % len(ZONES)],
                    "currency": "USD",
                    "group_by": GROUPINGS[number % len(GROUPINGS)],
                    "active_duration_months": 1 + number % 12,
                },
                "recipients": ["one@benchmark.example", "two@benchmark.example"],
                "schedule": {"cron": f"{due.minute} {due.hour} * * *", "time_zone": "UTC"},
            }
        )
        save(connection, definition, BY, due - timedelta(minutes=1))


def _deliver(installation: Installation, since: datetime) -> int:
    """Run the job in this process; how many runs of it there are."""
    outcome = run_job(installation.settings, DELIVERIES)
    for failure in outcome.failures:
        print(failure)
    with dagster_instance(installation.settings) as instance:
        return len(instance.get_runs(dg.RunsFilter(job_name=DELIVERIES, created_after=since)))


def _outcome(connection: psycopg.Connection, since: datetime) -> tuple[dict[str, int], datetime | None, int]:
    states = connection.execute(
        "select state, count(*) from app.deliveries where requested_at >= %s group by state", (since,)
    ).fetchall()
    stored = connection.execute(
        """
        select result.generated_at
        from app.report_results as result
        inner join app.deliveries as delivery on result.result_id = delivery.result_id
        where delivery.requested_at >= %s
        order by result.generated_at desc
        """,
        (since,),
    ).fetchone()
    mails = connection.execute(
        """
        select mail.message_id
        from app.outbox as mail
        inner join app.deliveries as delivery on mail.delivery_id = delivery.delivery_id
        where mail.state = 'sent' and mail.kind = 'result' and delivery.requested_at >= %s
        """,
        (since,),
    ).fetchall()
    return dict(states), None if stored is None else stored[0], len(mails)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
