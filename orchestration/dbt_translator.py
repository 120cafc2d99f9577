"""How dbt's nodes appear in the asset graph: keys and groups from the manifest's facts, never from lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

NIGHTLY_TAG = "nightly"
CLOSED_FOLDER = "closed"
_BOOKKEEPING = {"load_log", "rejected", "watermarks"}
_ASSET_KINDS = {"model", "seed", "snapshot"}


class StreetTranslator(DagsterDbtTranslator):
    """marts/fct_refills and the like; groups follow folders; sources are the raw assets."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        return spec.replace_attributes(
            key=dg.AssetKey(node_key(node)),
            group_name=node_group(node),
            description=node["description"] or None,
            deps=[dep for dep in spec.deps if dep.asset_key.path[-1] not in _BOOKKEEPING],
        )


def node_key(node: Mapping[str, Any]) -> list[str]:
    """The asset key of a dbt node: schema and name, or raw, source and table."""
    if node["resource_type"] == "source":
        return ["raw", node["source_name"].removeprefix("raw_"), node["name"]]
    return [node["schema"], node["name"]]


def node_group(node: Mapping[str, Any]) -> str:
    """The group of a dbt node: its folders, joined."""
    if node["resource_type"] == "source":
        return node["source_name"]
    return "_".join(node["fqn"][1:-1]) or node["schema"]


def is_closed(node: Mapping[str, Any]) -> bool:
    """Whether the node is written once and then never again."""
    return node["fqn"][1] == CLOSED_FOLDER


def asset_nodes(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The nodes that become assets, by unique id."""
    return {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in _ASSET_KINDS and node["config"].get("materialized") != "ephemeral"
    }


def sources_upstream(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """For each node that becomes an asset: the sources (billing, ...) it reads, directly or not."""
    found: dict[str, frozenset[str]] = {}

    def visit(unique_id: str) -> frozenset[str]:
        if unique_id.startswith("source."):
            return frozenset({manifest["sources"][unique_id]["source_name"].removeprefix("raw_")})
        if unique_id not in found:
            parents = manifest["parent_map"].get(unique_id, [])
            found[unique_id] = frozenset().union(*(visit(parent) for parent in parents))
        return found[unique_id]

    return {unique_id: visit(unique_id) for unique_id in asset_nodes(manifest)}
