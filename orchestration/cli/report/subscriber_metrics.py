"""`subdyn report subscriber-metrics` and `subdyn report seat-evidence`."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from exports.reports.subscriber_metrics.parameters import (
    METRIC_COLUMNS,
    SeatEvidenceParameters,
    SubscriberMetricsParameters,
)
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
from orchestration.cli.sending import SendToOption

if TYPE_CHECKING:
    import psycopg

    from exports.result import GeneratedBy, StoredResult


@takes(SubscriberMetricsParameters)
def subscriber_metrics(
    asked: dict[str, Any],
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
    send_to: SendToOption = None,
) -> None:
    """Seats, concurrency, minutes, limits, items and fields: all subscribers of a month, or one's months."""
    from exports.reports.subscriber_metrics.report import generate

    parameters = SubscriberMetricsParameters.read(asked)
    _generate(
        lambda connection, by, as_of: generate(connection, parameters, by, as_of),
        Destination(
            formats,
            output,
            overwrite,
            read_chart(chart, chart_column, chart_type, chart_title, METRIC_COLUMNS),
            send_to,
        ),
    )


@takes(SeatEvidenceParameters)
def seat_evidence(
    asked: dict[str, Any],
    formats: FormatOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
    send_to: SendToOption = None,
) -> None:
    """What to send with an invoice: who was counted where and why, and the hash that seals the month."""
    from exports.reports.subscriber_metrics.evidence import generate

    parameters = SeatEvidenceParameters.read(asked)
    _generate(
        lambda connection, by, as_of: generate(connection, parameters, by, as_of),
        Destination(formats, output, overwrite, send_to=send_to),
    )


def _generate(
    report: Callable[[psycopg.Connection, GeneratedBy, datetime], StoredResult], destination: Destination
) -> None:
    with open_installation() as settings:
        from exports.result import GeneratedBy

        by = GeneratedBy(getpass.getuser(), "administrator")
        with report_connection(settings) as connection:
            result = report(connection, by, datetime.now(UTC))
        destination.deliver(result, settings)
