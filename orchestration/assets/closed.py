"""closed/<table>: written once per month by the job monthly_close, and refused any change by the database."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.assets.warehouse import WAREHOUSE_POOL
from orchestration.dbt_build import build
from orchestration.dbt_translator import CLOSING_TAG, StreetTranslator, asset_nodes, is_closed
from orchestration.partitions import CLOSED_MONTHS, CLOSING_GRACE
from orchestration.resources import SettingsResource
from orchestration.runs import begin


def closed_assets(manifest: Mapping[str, Any], translator: StreetTranslator) -> list[dg.AssetsDefinition]:
    """The closed tables by month; none in a house without a platform."""
    if not any(is_closed(node) for node in asset_nodes(manifest).values()):
        return []

    @dbt_assets(
        manifest=manifest,
        select=f"tag:{CLOSING_TAG}",
        dagster_dbt_translator=translator,
        name="closed_months",
        partitions_def=CLOSED_MONTHS,
        pool=WAREHOUSE_POOL,
    )
    def closed_months(context: dg.AssetExecutionContext, settings: SettingsResource) -> Iterator[Any]:
        variables = {
            "close_through": context.partition_key[:7],
            "closing_grace_hours": CLOSING_GRACE // timedelta(hours=1),
        }
        yield from build(context, settings, manifest, translator, begin(context), **variables)

    return [closed_months]
