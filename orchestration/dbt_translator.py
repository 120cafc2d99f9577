"""How dbt's nodes appear in the asset graph: keys and groups from the manifest's facts, never from lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject
from dagster_dbt.asset_utils import get_asset_check_key_for_test

NIGHTLY_TAG = "nightly"
CLOSING_TAG = "monthly_close"
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
            deps=_deps(manifest, node, spec.deps),
        )

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        # dagster-dbt names the functions that a test calls as well: they are no assets
        functions = {dg.AssetKey(node_key(node)) for node in (manifest.get("functions") or {}).values()}
        return dg.AssetCheckSpec(
            name=spec.name,
            asset=spec.asset_key,
            description=spec.description,
            additional_deps=[dep for dep in spec.additional_deps if dep.asset_key not in functions],
            metadata=spec.metadata,
            blocking=spec.blocking,
        )


def _deps(
    manifest: Mapping[str, Any], node: Mapping[str, Any], deps: Iterable[dg.AssetDep]
) -> list[dg.AssetDep]:
    """Bookkeeping stands for all raw tables of its source; a view over it needs none of them loaded anew."""
    found: dict[dg.AssetKey, dg.AssetDep] = {}
    for dep in deps:
        path = dep.asset_key.path
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
    """The asset key of a dbt node: schema and name, or raw, source and table."""
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


def check_key(
    manifest: Mapping[str, Any], translator: StreetTranslator, unique_id: str
) -> dg.AssetCheckKey | None:
    """The asset check that a dbt test is; None for no test, and for one of a model that is switched off."""
    node = manifest["nodes"].get(unique_id)
    if node is None or (node.get("attached_node") or unique_id) not in manifest["nodes"]:
        return None
    return get_asset_check_key_for_test(manifest, translator, unique_id, None)


def functions_beside(manifest: Mapping[str, Any], unique_ids: Iterable[str]) -> list[str]:
    """The functions to make with these nodes: what they call, what reads them, and what reads nothing."""
    functions = manifest.get("functions") or {}
    chosen = set(unique_ids)
    called = _ancestors(manifest, chosen)
    found = []
    for unique_id in functions:
        parents = {parent for parent in manifest["parent_map"].get(unique_id, []) if parent not in functions}
        if unique_id in called or not parents or parents & chosen:
            found.append(unique_id)
    return found


def _ancestors(manifest: Mapping[str, Any], unique_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(unique_ids)
    while waiting:
        for parent in manifest["parent_map"].get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def streets_of(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """For each node that becomes an asset: the sources it is built after, in order of name.

    A node that needs no source goes with those who read it where they agree, and with the first street where
    nobody reads it, since each further step costs a start of dbt.
    """
    upstream = sources_upstream(manifest)
    streets = {unique_id: tuple(sorted(sources)) for unique_id, sources in upstream.items()}
    first = min((street for street in streets.values() if street), default=())
    for unique_id, sources in upstream.items():
        if not sources:
            readers = {
                street for other, street in streets.items() if unique_id in _ancestors(manifest, {other})
            }
            taking = {street for street in readers if street} or {first}
            if len(taking) == 1:
                streets[unique_id] = taking.pop()
    return streets


def sources_upstream(manifest: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """For each node that becomes an asset: the sources (billing, ...) it needs loaded, directly or not."""
    found: dict[str, frozenset[str]] = {}

    def visit(unique_id: str) -> frozenset[str]:
        if unique_id not in found:
            node = manifest["nodes"].get(unique_id)
            read: set[str] = set()
            for parent in manifest["parent_map"].get(unique_id, []):
                table = manifest["sources"].get(parent)
                if table is None:
                    read |= visit(parent)
                elif not (table["name"] in _BOOKKEEPING and node is not None and _is_view(node)):
                    read.add(_source_of(table))
            found[unique_id] = frozenset(read)
        return found[unique_id]

    return {unique_id: visit(unique_id) for unique_id in asset_nodes(manifest)}
