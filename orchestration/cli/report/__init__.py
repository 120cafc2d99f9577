"""`subdyn report`: one file per report, and the stored results."""

from __future__ import annotations

import typer

from exports.intervals import INTERVALS
from orchestration.cli.report.customer_dynamics import customer_dynamics
from orchestration.cli.report.differences import diff
from orchestration.cli.report.stored import list_stored, show
from orchestration.cli.report.subscriber_metrics import seat_evidence, subscriber_metrics

report_app = typer.Typer(
    help=f"Generate a report, or show a stored one.\n\nIntervals: {INTERVALS}.",
    no_args_is_help=True,
    add_completion=False,
)
report_app.command("customer-dynamics")(customer_dynamics)
report_app.command("subscriber-metrics")(subscriber_metrics)
report_app.command("seat-evidence")(seat_evidence)
report_app.command("show")(show)
report_app.command("list")(list_stored)
report_app.command("diff")(diff)
