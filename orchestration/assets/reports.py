"""reports/<report>: generated every night, stored, and rendered to files."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import dagster as dg
import psycopg

from exports.errors import InvalidParameter, MissingRate, NotReady
from exports.reports.customer_dynamics import report as customer_dynamics_report
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.subscriber_metrics import report as subscriber_metrics_report
from exports.reports.subscriber_metrics.parameters import SubscriberMetricsParameters
from exports.result import GeneratedBy, StoredResult
from orchestration.dbt_translator import NIGHTLY_TAG, node_key
from orchestration.partitions import read_months
from orchestration.report_files import write_files
from orchestration.resources import SettingsResource
from orchestration.result_metadata import result_metadata
from orchestration.runs import begin
from orchestration.settings import Settings

REPORTS = "reports"
INTERVAL = "last-3-months"
FORMATS = ("csv", "xlsx")
CUSTOMER_DYNAMICS = dg.AssetKey([REPORTS, "customer_dynamics"])
SUBSCRIBER_METRICS = dg.AssetKey([REPORTS, "subscriber_metrics"])
Generate = Callable[[psycopg.Connection, Settings, GeneratedBy, datetime], StoredResult]


def report_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """The reports whose models are there: Customer Dynamics needs billing, Subscriber metrics a platform."""
    reports = [
        _report_asset(
            manifest,
            CUSTOMER_DYNAMICS,
            _customer_dynamics,
            "Customer Dynamics of the last three complete months (UTC), stored and written to files.",
        ),
        _report_asset(
            manifest,
            SUBSCRIBER_METRICS,
            _subscriber_metrics,
            "Subscriber metrics of the last month that is over, stored and written to files.",
        ),
    ]
    return [report for report in reports if report is not None]


def _report_asset(
    manifest: Mapping[str, Any],
    key: dg.AssetKey,
    generate: Generate,
    description: str,
) -> dg.AssetsDefinition | None:
    read = models_read(manifest, key)
    if read is None:
        return None

    @dg.asset(
        key=key,
        deps=read,
        group_name=REPORTS,
        kinds={"csv", "excel"},
        tags={NIGHTLY_TAG: ""},
        description=description,
    )
    def report(context: dg.AssetExecutionContext, settings: SettingsResource) -> dg.MaterializeResult:
        by = GeneratedBy(f"run {context.run.run_id}", "schedule")
        try:
            with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
                result = generate(connection, settings, by, begin(context))
        except (InvalidParameter, MissingRate, NotReady) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        files = write_files(result, settings.reports_folder, FORMATS)
        return dg.MaterializeResult(metadata=_metadata(result, [str(file) for file in files]))

    return report


def models_read(manifest: Mapping[str, Any], report: dg.AssetKey) -> list[dg.AssetKey] | None:
    """The models that the report's exposure in dbt's project names; None where its source is switched off."""
    for exposure in manifest["exposures"].values():
        if exposure["name"] == report.path[-1]:
            nodes = (manifest["nodes"][unique_id] for unique_id in exposure["depends_on"]["nodes"])
            return sorted(dg.AssetKey(node_key(node)) for node in nodes)
    return None


def _customer_dynamics(
    connection: psycopg.Connection, settings: Settings, by: GeneratedBy, as_of: datetime
) -> StoredResult:
    parameters = CustomerDynamicsParameters.read(
        {
            "interval": INTERVAL,
            "time_zone": "UTC",
            "currency": settings.reporting_currency,
            "group_by": "month",
        }
    )
    return customer_dynamics_report.generate(connection, parameters, by, as_of)


def _subscriber_metrics(
    connection: psycopg.Connection, settings: Settings, by: GeneratedBy, as_of: datetime
) -> StoredResult:
    months = read_months(settings)
    # the newest month, which has just begun, where none is over yet
    month = months[-1].month if months else None
    parameters = SubscriberMetricsParameters.read({"month": month})
    return subscriber_metrics_report.generate(connection, parameters, by, as_of)


def _metadata(result: StoredResult, files: list[str]) -> dict[str, Any]:
    shown = dg.MarkdownMetadataValue("\n".join(f"- `{file}`" for file in files))
    return {**result_metadata(result), "files": shown}
