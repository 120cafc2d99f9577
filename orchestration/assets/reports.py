"""reports/<report>: generated every night, stored, and rendered to files."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import psycopg

from exports.errors import InvalidParameter, MissingRate, NotReady
from exports.reports.customer_dynamics.definition import CustomerDynamicsParameters
from exports.reports.customer_dynamics.run import generate
from exports.result import GeneratedBy, StoredResult
from orchestration.dbt_translator import NIGHTLY_TAG, asset_nodes, node_key
from orchestration.report_files import write_files
from orchestration.resources import SettingsResource
from orchestration.runs import begin

INTERVAL = "last-3-months"
FORMATS = ("csv", "xlsx")
CUSTOMER_DYNAMICS = dg.AssetKey(["reports", "customer_dynamics"])
_READS = {
    "dim_company",
    "dim_customer",
    "dim_package",
    "fct_customer_history",
    "fct_customer_month_start",
    "fct_customer_packages",
    "fct_exchange_rates",
    "fct_hourly_movements",
    "fct_transactions",
}


def report_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """The reports whose marts are there: a house without billing has no Customer Dynamics."""
    marts = [node_key(node) for node in asset_nodes(manifest).values() if node["name"] in _READS]
    return [_customer_dynamics(marts)] if marts else []


def _customer_dynamics(marts: list[list[str]]) -> dg.AssetsDefinition:
    @dg.asset(
        key=CUSTOMER_DYNAMICS,
        deps=[dg.AssetKey(mart) for mart in marts],
        group_name="reports",
        kinds={"csv", "excel"},
        tags={NIGHTLY_TAG: ""},
        description="Customer Dynamics of the last three complete months (UTC), stored and written to files.",
    )
    def customer_dynamics(
        context: dg.AssetExecutionContext, settings: SettingsResource
    ) -> dg.MaterializeResult:
        parameters = CustomerDynamicsParameters.read(
            {
                "interval": INTERVAL,
                "time_zone": "UTC",
                "currency": settings.reporting_currency,
                "group_by": "month",
            }
        )
        by = GeneratedBy(f"run {context.run.run_id}", "schedule")
        try:
            with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
                result = generate(connection, parameters, by, begin(context))
        except (InvalidParameter, MissingRate, NotReady) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        files = write_files(result, settings.reports_folder, FORMATS)
        return dg.MaterializeResult(metadata=_metadata(result, [str(file) for file in files]))

    return customer_dynamics


def _metadata(result: StoredResult, files: list[str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "result": result.result_id,
        "rows": len(result.rows),
        "seconds": result.duration_seconds,
        "files": dg.MarkdownMetadataValue("\n".join(f"- `{file}`" for file in files)),
    }
    for source, instant in result.data_through.items():
        metadata[f"data through ({source})"] = dg.TimestampMetadataValue(instant.timestamp())
    return metadata
