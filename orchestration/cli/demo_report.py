"""What the demo ends with: the night's report on the terminal, and where its files lie."""

from __future__ import annotations

import psycopg

from exports.render.names import file_stem
from exports.reports.customer_dynamics.definition import REPORT
from exports.result import list_results, load
from orchestration.cli.house import console
from orchestration.cli.report.output import print_table
from orchestration.settings import Settings


def show_reports(settings: Settings) -> None:
    """Print the newest Customer Dynamics and the paths of its files; nothing in a house without billing."""
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        newest = next((found for found in list_results(connection) if found.report == REPORT), None)
        result = load(connection, newest.result_id) if newest is not None else None
    if result is None:
        return
    print_table(result)
    console.print("\nthe files of this report:")
    for path in sorted(settings.reports_folder.glob(f"{file_stem(result)}.*")):
        console.print(f"  {path}", soft_wrap=True)
