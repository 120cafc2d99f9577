"""`subdyn report customer-dynamics`."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from exports.intervals import EARLIEST, LATEST
from orchestration.cli.exits import BadInput
from orchestration.cli.house import open_house
from orchestration.cli.report import options
from orchestration.cli.report.connection import report_connection
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


def customer_dynamics(
    timezone: Annotated[str, options.TIMEZONE],
    from_date: Annotated[str | None, options.FROM] = None,
    to_date: Annotated[str | None, options.TO] = None,
    interval: Annotated[str | None, options.INTERVAL] = None,
    client_type: Annotated[str | None, options.CLIENT_TYPE] = None,
    tag: Annotated[list[str] | None, options.TAG] = None,
    company: Annotated[int | None, options.COMPANY] = None,
    owner: Annotated[int | None, options.OWNER] = None,
    package: Annotated[int | None, options.PACKAGE] = None,
    group_by: Annotated[list[str] | None, options.GROUP_BY] = None,
    currency: Annotated[str | None, options.CURRENCY] = None,
    active_duration: Annotated[int, options.ACTIVE_DURATION] = 1,
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
    from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
    from orchestration.settings import load_settings

    parameters = CustomerDynamicsParameters.read(
        {
            "from_date": from_date,
            "to_date": to_date,
            "interval": interval,
            "time_zone": timezone,
            "client_type": client_type,
            "tags": tuple(tag or ()),
            "company_id": company,
            "owner_user_id": owner,
            "package_id": package,
            "group_by": group_by,
            "currency": currency or load_settings().reporting_currency,
            "active_duration_months": active_duration,
        }
    )
    instant = _read_now(as_of)
    destination = Destination(
        formats,
        output,
        overwrite,
        read_chart(chart, chart_column, chart_type, chart_title, parameters.columns),
        send_to,
    )
    with open_house() as settings:
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
