"""closed/<table>: written once per month by the job monthly_close, and refused any change by the database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestration.assets.anchors import ANCHORS, note_anchor
from orchestration.assets.warehouse import WAREHOUSE_POOL, build
from orchestration.dbt_translator import CLOSING_TAG, DbtTranslator, asset_nodes, is_closed
from orchestration.partitions import (
    CLOSED,
    CLOSED_MONTHS,
    add_months,
    read_months,
    remove_month,
    unknown_to_dagster,
    why_not_closed,
)
from orchestration.resources import SettingsResource
from orchestration.runs import begin
from orchestration.settings import Settings

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def closed_assets(
    manifest: Mapping[str, Any], project: DbtProject, translator: DbtTranslator
) -> list[dg.AssetsDefinition]:
    """The closed tables by month; none in an installation without a platform."""
    if not any(is_closed(node) for node in asset_nodes(manifest).values()):
        return []

    @dbt_assets(
        manifest=manifest,
        project=project,
        select=f"tag:{CLOSING_TAG}",
        dagster_dbt_translator=translator,
        name="closed_months",
        partitions_def=CLOSED_MONTHS,
        # Months close in order: a run for several closes all of them up to the last.
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=WAREHOUSE_POOL,
    )
    def closed_months(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: SettingsResource
    ) -> Iterator[Any]:
        asked = sorted(context.partition_keys)
        for key in asked:
            if not _MONTH.fullmatch(key):
                remove_month(context.instance, key)
                raise dg.Failure(
                    f"{key!r} is no month: a partition is a month as YYYY-MM", allow_retries=False
                )
        outputs = []
        for event in build(context, dbt, settings, manifest, begin(context), close_through=asked[-1]):
            if isinstance(event, dg.Output):
                outputs.append(event)
            else:
                yield event
        if _show_closed(context, settings, asked):
            yield from outputs
        else:
            # without the outputs Dagster leaves the anchors out, and some months may have closed all the same
            context.log_event(dg.AssetMaterialization(ANCHORS, metadata=note_anchor(context, settings)))

    return [closed_months]


def _show_closed(context: dg.AssetExecutionContext, settings: Settings, asked: Sequence[str]) -> bool:
    """Tell Dagster which months are closed, whoever closed them; whether all that the run was asked for are.

    Where they are, the step's own output shows them. Where some are not, it would show those too: they are
    told with the reason, and the others are shown one by one.
    """
    months = read_months(settings)
    add_months(context.instance, [month.key for month in months])
    closed = {month.key: month for month in months if month.is_closed}
    missing = [key for key in asked if key not in closed]
    for key in missing:
        reason = why_not_closed(key, months, timedelta(hours=settings.closing_grace_hours))
        context.log.warning(reason)
        context.log_event(dg.AssetObservation(CLOSED, partition=key, description=reason))
        if key not in {month.key for month in months}:
            remove_month(context.instance, key)
    unknown = {month.key for month in unknown_to_dagster(context.instance, months)}
    for key, month in closed.items():
        if key in asked and not missing:
            context.add_asset_metadata(month.metadata, asset_key=CLOSED, partition_key=key)
        elif key in asked or key in unknown:
            context.log_event(month.materialization())
    return not missing
