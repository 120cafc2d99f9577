"""staging, intermediate and marts: dbt's models as assets, its tests as asset checks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration.dbt_build import build
from orchestration.dbt_translator import StreetTranslator, asset_nodes, is_closed, streets_of
from orchestration.resources import SettingsResource
from orchestration.runs import begin

# One build at a time: two would stand in each other's way, and the second would find nothing to do.
WAREHOUSE_POOL = "warehouse"


def warehouse_assets(manifest: Mapping[str, Any], translator: StreetTranslator) -> list[dg.AssetsDefinition]:
    """One step per set of sources that models read: a failed table stops only what reads its source."""
    nodes = asset_nodes(manifest)
    streets: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for unique_id, sources in streets_of(manifest).items():
        if not is_closed(nodes[unique_id]):
            streets[sources].append(".".join(nodes[unique_id]["fqn"]))
    return [_street(manifest, translator, names, models) for names, models in sorted(streets.items())]


def _street(
    manifest: Mapping[str, Any], translator: StreetTranslator, sources: tuple[str, ...], models: list[str]
) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        select=" ".join(f"fqn:{model}" for model in models),
        dagster_dbt_translator=translator,
        name=f"warehouse_of_{'_and_'.join(sources) or 'no_source'}",
        pool=WAREHOUSE_POOL,
    )
    def street(context: dg.AssetExecutionContext, settings: SettingsResource) -> Iterator[Any]:
        yield from build(context, settings, manifest, translator, begin(context))

    return street
