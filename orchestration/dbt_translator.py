"""How dbt's nodes appear in the asset graph: keys, groups and words from the manifest's facts."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.dbt_tests import test_description
from orchestration.relation_metadata import storage_metadata

NIGHTLY_TAG = "nightly"
CLOSING_TAG = "monthly_close"
_BOOKKEEPING = {"load_log", "rejected", "watermarks"}
_ASSET_KINDS = {"model", "seed", "snapshot"}


class DbtTranslator(DagsterDbtTranslator):
    """marts/fct_refills and the like; groups follow folders; sources are the raw assets."""

    def __init__(self, project: DbtProject) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_code_references=True))
        self._project = project

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """The asset of a model, keyed and grouped by its folders."""
        with warnings.catch_warnings():
            # code references, once for every model
            warnings.simplefilter("ignore", dg.BetaWarning)
            spec = super().get_asset_spec(manifest, unique_id, project or self._project)
        node = self.get_resource_props(manifest, unique_id)
        return spec.replace_attributes(
            key=dg.AssetKey(node_key(node)),
            group_name=node_group(node),
            description=node["description"] or None,
            deps=_deps(manifest, node, spec.deps),
        ).merge_attributes(metadata=storage_metadata(node["schema"], node["name"]))

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """The check of a dbt test, told in the test's own words; None where it has no asset."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project or self._project)
        if spec is None:
            return None
        functions = {dg.AssetKey(node_key(node)) for node in manifest.get("functions", {}).values()}
        return dg.AssetCheckSpec(
            name=spec.name,
            asset=spec.asset_key,
            description=test_description(self.get_resource_props(manifest, unique_id)),
            # a test may call functions, which are no assets
            additional_deps=[dep for dep in spec.additional_deps if dep.asset_key not in functions],
            metadata=spec.metadata,
            blocking=spec.blocking,
        )


def _deps(
    manifest: Mapping[str, Any], node: Mapping[str, Any], deps: Iterable[dg.AssetDep]
) -> list[dg.AssetDep]:
    """Bookkeeping stands for all raw tables of its source; a view over it needs none of them loaded again.

    What earlier runs closed is left out: the asset that closes comes after those that begin with it.
    """
    found: dict[dg.AssetKey, dg.AssetDep] = {}
    for dep in deps:
        path = dep.asset_key.path
        if path[:2] == ["closed", "earlier"]:
            continue
        if path[0] == "raw" and path[-1] in _BOOKKEEPING:
            if not _is_view(node):
                found.update({key: dg.AssetDep(key) for key in _raw_keys(manifest, path[1])})
        else:
            found.setdefault(dep.asset_key, dep)
    return list(found.values())


def _raw_keys(manifest: Mapping[str, Any], source: str) -> list[dg.AssetKey]:
    return [
        dg.AssetKey(node_key(table))
        for table in manifest["sources"].values()
        if _source_of(table) == source and table["name"] not in _BOOKKEEPING
    ]


def _source_of(table: Mapping[str, Any]) -> str:
    return table["source_name"].removeprefix("raw_")


def _is_view(node: Mapping[str, Any]) -> bool:
    return node["config"].get("materialized") == "view"


def node_key(node: Mapping[str, Any]) -> list[str]:
    """The asset key of a dbt node: schema and name, or raw, source and table.

    What earlier runs closed is a source beside the model that closes: closed, earlier and table.
    """
    if node["resource_type"] == "source" and node["source_name"] == "closed":
        return ["closed", "earlier", node["name"]]
    if node["resource_type"] == "source":
        return ["raw", _source_of(node), node["name"]]
    return [node["schema"], node["name"]]


def node_group(node: Mapping[str, Any]) -> str:
    """The group of a dbt node: its folders, joined."""
    if node["resource_type"] == "source":
        return f"raw_{_source_of(node)}"
    return "_".join(node["fqn"][1:-1]) or node["schema"]


def is_closed(node: Mapping[str, Any]) -> bool:
    """Whether the node closes months: written by the job monthly_close alone."""
    return CLOSING_TAG in node["tags"]


def asset_nodes(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The nodes that become assets, by unique id."""
    return {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in _ASSET_KINDS and node["config"].get("materialized") != "ephemeral"
    }
