"""dbt's places in the graph, from small made-up nodes; its arguments."""

from typing import Any

import dagster as dg
from dagster_dbt import DbtCliEventMessage
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.assets.warehouse import build_arguments, failure_reason
from orchestration.dbt_translator import is_closed, node_group, node_key


def node(name: str, folder: str = "marts/customers", **properties: Any) -> dict[str, Any]:
    folders = folder.split("/")
    return {
        "unique_id": f"model.installation.{name}",
        "name": name,
        "resource_type": "model",
        "schema": folders[0],
        "fqn": ["installation", *folders, name],
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


def test_exactly_the_checks_that_were_asked_for_are_run_and_all_functions_made() -> None:
    asset = dg.AssetKey(["marts", "fct_refills"])
    arguments = build_arguments([dg.AssetCheckKey(asset, "unique_y"), dg.AssetCheckKey(asset, "not_null_x")])
    assert arguments[arguments.index("--select") + 1] == "resource_type:function not_null_x unique_y"
    assert arguments[arguments.index("--exclude-resource-type") + 1] == "unit_test"


def failure(unique_id: str | None, text: str) -> DbtCliEventMessage:
    data = {"msg": text, "node_info": {"unique_id": unique_id}} if unique_id else {"msg": text}
    return DbtCoreCliEventMessage(
        raw_event={"info": {"name": "RunResultError"}, "data": data}, event_history_metadata={}
    )


def test_a_failed_model_is_named_with_its_error_and_a_failed_check_is_left_to_dagster() -> None:
    failures = [
        failure("model.installation.fct_refills", "Database Error\n  division by zero"),
        failure("test.installation.not_null_x.1", "Got 1 result, configured to fail if != 0"),
        failure("test.installation.no_check.2", "Got 2 results"),
        failure(None, "Runtime Error"),
    ]
    assert failure_reason(failures, {"test.installation.not_null_x.1"}) == (
        "fct_refills: Database Error division by zero; no_check: Got 2 results; dbt: Runtime Error"
    )
    assert failure_reason(failures[1:2], {"test.installation.not_null_x.1"}) is None
