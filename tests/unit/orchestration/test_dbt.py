"""dbt's arguments and places in the graph, from small made-up manifests."""

import json
from typing import Any

import dagster as dg
import pytest

from orchestration.dbt_build import build_arguments, selected_nodes
from orchestration.dbt_translator import (
    StreetTranslator,
    functions_beside,
    is_closed,
    node_group,
    node_key,
    streets_of,
)


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


def house(parents: dict[str, list[str]], views: tuple[str, ...] = ()) -> dict[str, Any]:
    """A manifest of models on the left, reading what is on the right; `billing.x` is a source's table."""
    tables = {name for names in parents.values() for name in names if "." in name}
    sources = {
        f"source.house.{name}": {
            "resource_type": "source",
            "source_name": name.split(".")[0],
            "name": name.split(".")[1],
        }
        for name in tables
    }
    functions = {name for name in parents if name.startswith("fn_")}

    def unique(name: str) -> str:
        kind = "source" if "." in name else "function" if name in functions else "model"
        return f"{kind}.house.{name}"

    return {
        "nodes": {
            unique(name): node(name, config={"materialized": "view" if name in views else "table"})
            for name in parents
            if name not in functions
        },
        "functions": {unique(name): node(name, "functions") for name in functions},
        "sources": sources,
        "parent_map": {unique(name): [unique(parent) for parent in of] for name, of in parents.items()},
    }


def streets(parents: dict[str, list[str]], views: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    return {name.rpartition(".")[2]: street for name, street in streets_of(house(parents, views)).items()}


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


def test_a_model_belongs_to_the_sources_it_reads_over_any_distance() -> None:
    assert streets(
        {
            "stg": ["billing.users"],
            "dim": ["stg"],
            "other": ["platform.users"],
            "both": ["dim", "other"],
        }
    ) == {"stg": ("billing",), "dim": ("billing",), "other": ("platform",), "both": ("billing", "platform")}


def test_a_view_over_bookkeeping_waits_for_no_source() -> None:
    found = streets(
        {
            "data_through": ["billing.watermarks", "platform.watermarks"],
            "days": ["data_through", "billing.users"],
        },
        views=("data_through",),
    )
    assert found == {"data_through": ("billing",), "days": ("billing",)}


def test_a_table_over_bookkeeping_waits_for_its_source() -> None:
    assert streets({"through": ["platform.watermarks"]}) == {"through": ("platform",)}


def test_a_model_without_source_gets_a_step_of_its_own_where_two_streets_read_it() -> None:
    found = streets({"days": [], "a": ["days", "billing.users"], "b": ["days", "platform.users"]})
    assert found["days"] == ()


def test_functions_come_with_their_callers_and_with_what_they_read() -> None:
    manifest = house(
        {
            "fn_free": [],
            "fn_rate": ["rates"],
            "rates": ["billing.rates"],
            "fn_used": ["rates"],
            "fct": ["fn_used"],
        }
    )
    names = {
        chosen: {name.rpartition(".")[2] for name in functions_beside(manifest, [f"model.house.{chosen}"])}
        for chosen in ("rates", "fct")
    }
    assert names == {"rates": {"fn_free", "fn_rate", "fn_used"}, "fct": {"fn_free", "fn_used"}}


def test_exactly_the_selected_models_are_built() -> None:
    manifest = house({"a": ["billing.x"], "b": ["a"]})
    nodes = selected_nodes(manifest, StreetTranslator(), [dg.AssetKey(["marts", "b"])], [])
    arguments = build_arguments(manifest, nodes, {"sources": ["billing"]})
    chosen = arguments[arguments.index("--select") + 1 : arguments.index("--indirect-selection")]
    assert chosen == ["fqn:house.marts.customers.b"]


def test_variables_reach_dbt_as_json() -> None:
    arguments = build_arguments(house({"a": []}), [], {"sources": ["billing"]})
    assert json.loads(arguments[arguments.index("--vars") + 1])["sources"] == ["billing"]


@pytest.mark.parametrize("kind", ["unit_test"])
def test_unit_tests_are_no_part_of_a_run(kind: str) -> None:
    arguments = build_arguments(house({"a": []}), [], {})
    assert arguments[arguments.index("--exclude-resource-type") + 1] == kind
