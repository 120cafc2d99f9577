"""dbt's arguments and places in the graph, from small made-up manifests."""

import json
from typing import Any

import dagster as dg

from orchestration.dbt_build import build_arguments
from orchestration.dbt_manifest import without_functions
from orchestration.dbt_translator import is_closed, node_group, node_key


def node(name: str, folder: str = "marts/customers", **properties: Any) -> dict[str, Any]:
    folders = folder.split("/")
    return {
        "unique_id": f"model.house.{name}",
        "name": name,
        "resource_type": "model",
        "schema": folders[0],
        "fqn": ["house", *folders, name],
        "tags": [],
        "config": {"materialized": "table"},
        "description": "",
        **properties,
    }


def test_keys_are_schema_and_name() -> None:
    assert node_key(node("fct_refills")) == ["marts", "fct_refills"]


def test_a_dbt_source_is_the_raw_asset_of_its_table() -> None:
    assert node_key({"resource_type": "source", "source_name": "raw_billing", "name": "users"}) == [
        "raw",
        "billing",
        "users",
    ]


def test_groups_follow_folders() -> None:
    assert node_group(node("stg_billing__users", "staging/billing")) == "staging_billing"
    assert node_group(node("dim_date", "marts/core")) == "marts_core"


def test_what_closes_months_is_known_by_its_tag() -> None:
    assert is_closed(node("subscriber_metrics_monthly", "closed", tags=["monthly_close"]))
    assert not is_closed(node("restatements", "closed", tags=["ledger"]))


def test_exactly_what_was_asked_for_is_built_with_all_functions() -> None:
    asset = dg.AssetKey(["marts", "fct_refills"])
    arguments = build_arguments([asset], [dg.AssetCheckKey(asset, "not_null_x")], {})
    chosen = arguments[arguments.index("--select") + 1 : arguments.index("--indirect-selection")]
    assert chosen == ["resource_type:function", "fct_refills", "not_null_x"]
    assert arguments[arguments.index("--indirect-selection") + 1] == "empty"


def test_variables_reach_dbt_as_json() -> None:
    arguments = build_arguments([], [], {"sources": ["billing"]})
    assert json.loads(arguments[arguments.index("--vars") + 1])["sources"] == ["billing"]


def test_unit_tests_are_no_part_of_a_run() -> None:
    arguments = build_arguments([], [], {})
    assert arguments[arguments.index("--exclude-resource-type") + 1] == "unit_test"


def test_who_calls_a_function_depends_on_what_the_function_reads() -> None:
    manifest = without_functions(
        {
            "nodes": {"model.fct": {"depends_on": {"nodes": ["function.rate", "model.dim"]}}},
            "functions": {
                "function.rate": {"depends_on": {"nodes": ["function.inner"]}},
                "function.inner": {"depends_on": {"nodes": ["model.rates"]}},
            },
            "parent_map": {
                "model.fct": ["function.rate", "model.dim"],
                "model.dim": [],
                "model.rates": [],
                "function.rate": ["function.inner"],
                "function.inner": ["model.rates"],
            },
            "child_map": {},
        }
    )
    assert manifest["nodes"]["model.fct"]["depends_on"]["nodes"] == ["model.rates", "model.dim"]
    assert manifest["parent_map"]["model.fct"] == ["model.rates", "model.dim"]
    assert manifest["child_map"]["model.rates"] == ["model.fct"]
    assert not any(name.startswith("function.") for name in manifest["parent_map"])
