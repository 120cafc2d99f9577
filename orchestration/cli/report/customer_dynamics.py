"""`subdyn report customer-dynamics`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from exports.intervals import EARLIEST, LATEST
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from orchestration.cli.exits import BadInput
from orchestration.cli.installation import open_installation
from orchestration.cli.report.connection import report_connection
from orchestration.cli.report.options import takes
from orchestration.cli.report.output import (
    ChartColumnOption,
    ChartOption,
    ChartTitleOption,
    ChartTypeOption,
    Destination,
    FormatOption,
    OutputOption,
    OverwriteOption,
    read_chart,
)
from orchestration.cli.run import read_as_of
from orchestration.cli.sending import SendToOption


@takes(CustomerDynamicsParameters, settings=("currency",))
def customer_dynamics(
    asked: dict[str, Any],
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What relative intervals count from; now unless given."),
    ] = None,
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
    send_to: SendToOption = None,
) -> None:
    """Clients, balances, refills, use and packages, by period or package."""
    from orchestration.settings import load_settings

    parameters = CustomerDynamicsParameters.read({"currency": load_settings().reporting_currency} | asked)
    instant = _read_now(as_of)
    destination = Destination(
        formats,
        output,
        overwrite,
        read_chart(chart, chart_column, chart_type, chart_title, parameters.columns),
        send_to,
    )
    with open_installation() as settings:
        from exports.reports.customer_dynamics.report import generate
        from exports.result import GeneratedBy

        by = GeneratedBy(getpass.getuser(), "administrator")
        with report_connection(settings) as connection:
            result = generate(connection, parameters, by, instant)
        destination.deliver(result, settings)


def _read_now(as_of: str | None) -> datetime:
    instant = read_as_of(as_of) or datetime.now(UTC)
    if not EARLIEST.year <= instant.year <= LATEST.year:
        raise BadInput(f"--as-of: {as_of} lies outside {EARLIEST} .. {LATEST}")
    return instant
