"""What a report can be asked, as options: the same for a report and for a query that is saved."""

from __future__ import annotations

import typer

from exports.intervals import NAMED

INTERVALS = f"{', '.join(NAMED)}, or last-N-days, -weeks, -months, -years"

TIMEZONE = typer.Option(metavar="ZONE", help="Whose days count, as Europe/Kyiv.")
FROM = typer.Option("--from", metavar="DATE", help="First day.")
TO = typer.Option("--to", metavar="DATE", help="Last day, included.")
INTERVAL = typer.Option(metavar="NAME", help=f"Instead of --from and --to: {INTERVALS}.")
CLIENT_TYPE = typer.Option(help="Only customers of this type.")
TAG = typer.Option(help="Only customers with any of these tags.")
COMPANY = typer.Option(help="Only this company and all below it, by id.")
OWNER = typer.Option(help="Only customers of this owner, by id.")
PACKAGE = typer.Option(help="Only holders of this package, by id.")
GROUP_BY = typer.Option(help="One of year, quarter, month, week, date; and package.", metavar="NAMES")
CURRENCY = typer.Option(help="SUBDYN_REPORTING_CURRENCY unless given.")
ACTIVE_DURATION = typer.Option(help="Months of paid use that make a client active.")
MONTH = typer.Option(
    metavar="MONTH",
    help="YYYY-MM, this-month or last-month: the newest unless given, all of them with --subscriber.",
)
SUBSCRIBER = typer.Option(metavar="ID", help="All months of this subscriber, newest first.")
