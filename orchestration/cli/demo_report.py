"""What the demo ends with: a report on the terminal, and where the night's files lie."""

from __future__ import annotations

import psycopg

from exports.render.info import file_stem
from exports.reports.customer_dynamics.parameters import REPORT as CUSTOMER_DYNAMICS
from exports.reports.subscriber_metrics.parameters import REPORT as SUBSCRIBER_METRICS
from exports.result_store import list_results, load
from orchestration.cli.installation import console
from orchestration.cli.report.output import print_table
from orchestration.settings import Settings


def show_reports(settings: Settings) -> None:
    """Print the newest Customer Dynamics, and where the files of the night's reports lie."""
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        newest = {}
        for found in list_results(connection):
            newest.setdefault(found.report, found.result_id)
        results = {report: load(connection, result_id) for report, result_id in newest.items()}
    if CUSTOMER_DYNAMICS in results:
        print_table(results[CUSTOMER_DYNAMICS])
    console.print("\nthe files of the night's reports:")
    for report in (CUSTOMER_DYNAMICS, SUBSCRIBER_METRICS):
        if report in results:
            for path in sorted(settings.reports_folder.glob(f"{file_stem(results[report])}.*")):
                console.print(f"  {path}", soft_wrap=True)
