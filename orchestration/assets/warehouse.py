"""staging, intermediate and marts: dbt's models as assets, its tests as asset checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestration.dbt_build import build
from orchestration.dbt_translator import DbtTranslator
from orchestration.resources import SettingsResource
from orchestration.runs import begin

# One build at a time: two would stand in each other's way, and the second would find nothing to do.
WAREHOUSE_POOL = "warehouse"


def warehouse_assets(
    manifest: Mapping[str, Any], project: DbtProject, translator: DbtTranslator, sources: Sequence[str]
) -> list[dg.AssetsDefinition]:
    """One step per source, by dbt's tags: a failed table stops only the models of its own source."""
    return [_step(manifest, project, translator, source) for source in sources]


def _step(
    manifest: Mapping[str, Any], project: DbtProject, translator: DbtTranslator, source: str
) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        project=project,
        select=f"tag:{source}",
        dagster_dbt_translator=translator,
        name=f"warehouse_of_{source}",
        pool=WAREHOUSE_POOL,
    )
    def step(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, settings: SettingsResource
    ) -> Iterator[Any]:
        yield from build(context, dbt, settings, manifest, begin(context))

    return step
