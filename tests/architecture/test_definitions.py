"""What Dagster loads: jobs, schedules and a graph that reads from left to right."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.dependency import NodeHandle
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from orchestration.dagster_home import WORKSPACE
from orchestration.dbt_resource import prepared_manifest
from orchestration.definitions import build_definitions
from orchestration.settings import SOURCES, Settings
from tests.architecture.test_imports import ROOT

JOBS = ("hourly", "nightly", "monthly_close")
SETS_OF_SOURCES = [on for count in range(1, len(SOURCES) + 1) for on in combinations(SOURCES, count)]


def assets_of(definitions: dg.Definitions, job: str) -> set[str]:
    return {key.to_user_string() for key in definitions.resolve_job_def(job).asset_layer.selected_asset_keys}


def selected(job: dg.JobDefinition) -> set[dg.AssetCheckKey]:
    handles = [NodeHandle(node.name, None) for node in job.nodes]
    keys = {key for handle in handles for key in job.asset_layer.get_selected_entity_keys_for_node(handle)}
    return {key for key in keys if isinstance(key, dg.AssetCheckKey)}


def checks_of(definitions: dg.Definitions, job: str) -> set[str]:
    return {key.name for key in selected(definitions.resolve_job_def(job))}


@pytest.mark.parametrize("sources", SETS_OF_SOURCES, ids="_".join)
def test_the_code_location_loads_with_every_set_of_sources(
    definitions_of: Callable[..., dg.Definitions], sources: tuple[str, ...]
) -> None:
    definitions_of(*sources).get_repository_def().load_all_definitions()


@pytest.mark.parametrize("sources", SETS_OF_SOURCES, ids="_".join)
def test_every_test_and_every_check_runs_in_some_job(
    definitions_of: Callable[..., dg.Definitions],
    settings_of: Callable[..., Settings],
    sources: tuple[str, ...],
) -> None:
    definitions = definitions_of(*sources)
    jobs = [
        definitions.resolve_job_def(name) for name in JOBS if name != "monthly_close" or "platform" in sources
    ]
    run = {key for job in jobs for key in selected(job)}
    assert set(definitions.resolve_asset_graph().asset_check_keys) - run == set()
    # and every dbt test is such a check
    nodes = prepared_manifest(settings_of(*sources))["nodes"]
    tests = {
        node["name"]
        for node in nodes.values()
        if node["resource_type"] == "test" and (node.get("attached_node") or node["unique_id"]) in nodes
    }
    assert tests - {key.name for key in run} == set()


def test_dagster_finds_the_workspace_valid(settings: Settings, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w"]
    validated = subprocess.run(
        [*command, str(WORKSPACE)],
        cwd=ROOT,
        env={**os.environ, **settings.environment(), "DAGSTER_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert validated.returncode == 0, validated.stdout


def test_the_hour_leaves_checks_series_and_reports_to_the_night(definitions: dg.Definitions) -> None:
    hourly, nightly = assets_of(definitions, "hourly"), assets_of(definitions, "nightly")
    ledger = {
        key.name
        for key in definitions.resolve_asset_graph().asset_check_keys
        if key.asset_key.path[-1] == "restatements"
    }
    assert checks_of(definitions, "hourly") == ledger
    assert {"marts/customer_dynamics_daily", "reports/customer_dynamics"} <= nightly - hourly
    assert hourly < nightly
    assert {"raw/billing/transactions", "marts/fct_customer_history", "closed/restatements"} <= hourly


def test_every_run_checks_that_closed_months_and_their_ledger_add_up(definitions: dg.Definitions) -> None:
    for job in ("hourly", "nightly", "monthly_close"):
        assert "closed_months_add_up" in checks_of(definitions, job)


def test_the_night_checks_the_warehouse_against_the_sources_and_itself(definitions: dg.Definitions) -> None:
    checks = checks_of(definitions, "nightly")
    assert {"rows_equal_source", "ledger_equals_live_balances", "nothing_lost_nor_doubled"} <= checks


def test_the_night_sweeps_every_raw_table(definitions: dg.Definitions) -> None:
    config = definitions.resolve_job_def("nightly").run_config
    assert config is not None
    raw = {name for name in assets_of(definitions, "nightly") if name.startswith("raw/")}
    assert set(config["ops"]) == {name.replace("/", "__") for name in raw}


def test_only_the_close_closes(definitions: dg.Definitions) -> None:
    closing = "closed/subscriber_metrics_monthly"
    assert closing in assets_of(definitions, "monthly_close")
    assert closing not in assets_of(definitions, "nightly") | assets_of(definitions, "hourly")
    assert not any(name.startswith("raw/billing") for name in assets_of(definitions, "monthly_close"))


def test_every_asset_has_a_group_a_description_and_at_most_three_parts(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert len(key.path) <= 3, key
        assert node.description, key
        assert node.group_name not in (None, "default"), key


def test_every_asset_has_an_owner_a_place_and_its_columns(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.owners, key
        if key.path[0] != "raw" and "dagster_dbt/unique_id" not in node.metadata:
            continue
        schema = f"raw_{key.path[1]}" if key.path[0] == "raw" else key.path[0]
        assert node.metadata["dagster/table_name"] == f"{schema}.{key.path[-1]}"
        assert node.metadata["dagster/storage_kind"] == "postgres"
        columns = node.metadata["dagster/column_schema"].columns
        assert columns, key
        assert [column.name for column in columns if not column.description] == [], key
        if key.path[0] != "raw":
            assert "dagster/code_references" in node.metadata, key


def test_raw_tables_and_marts_have_to_be_fresh_where_schedules_run(
    settings: Settings, definitions: dg.Definitions
) -> None:
    graph = definitions.resolve_asset_graph()
    policies = {
        key.to_user_string(): graph.get(key).freshness_policy for key in graph.materializable_asset_keys
    }
    assert all(policy for name, policy in policies.items() if name.startswith(("raw/", "marts/", "reports/")))
    hourly, nightly = policies["marts/fct_transactions"], policies["marts/customer_dynamics_daily"]
    assert isinstance(hourly, TimeWindowFreshnessPolicy) and isinstance(nightly, TimeWindowFreshnessPolicy)
    assert hourly.fail_window.to_timedelta() < nightly.fail_window.to_timedelta()
    # the demo's schedules stand still, and nothing of it is overdue
    demo = build_definitions(settings.model_copy(update={"embedded": True})).resolve_asset_graph()
    assert not any(demo.get(key).freshness_policy for key in demo.materializable_asset_keys)


def test_assets_lie_downstream_of_the_raw_tables_they_read(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    staged = graph.get(dg.AssetKey(["staging", "stg_billing__transactions"]))
    assert staged.parent_keys == {dg.AssetKey(["raw", "billing", "transactions"])}


def test_every_step_that_reads_a_source_or_builds_the_warehouse_has_a_pool(
    definitions: dg.Definitions,
) -> None:
    job = definitions.resolve_job_def("nightly")
    pools = {
        pool
        for node in job.nodes
        if node.name.startswith(("raw__", "warehouse_of")) and "rows_equal_source" not in node.name
        for pool in (node.definition.pools or {""})
    }
    assert pools == {"source_billing", "source_platform", "source_middleware", "warehouse"}


@pytest.mark.parametrize(("embedded", "status"), [(True, "STOPPED"), (False, "RUNNING")])
def test_schedules_wait_to_be_turned_on_for_the_demo_only(
    settings: Settings, embedded: bool, status: str
) -> None:
    installation = build_definitions(settings.model_copy(update={"embedded": embedded}))
    schedules = list(installation.schedules or [])
    assert {schedule.name for schedule in schedules} == {"hourly", "nightly", "monthly_close"}  # pyright: ignore[reportAttributeAccessIssue]
    assert {schedule.default_status.value for schedule in schedules} == {status}  # pyright: ignore[reportAttributeAccessIssue]


def test_no_secret_is_part_of_what_the_ui_can_show(definitions: dg.Definitions) -> None:
    for name in ("hourly", "nightly", "monthly_close"):
        job = definitions.resolve_job_def(name)
        assert "s3cret" not in json.dumps(job.run_config or {}) + json.dumps(dict(job.tags))
    resources = {name: str(definition) for name, definition in (definitions.resources or {}).items()}
    assert "s3cret" not in str(resources)


def test_the_workspace_names_the_definitions() -> None:
    text = WORKSPACE.read_text()
    assert "orchestration.definitions" in text
    assert "attribute: definitions" in text
