"""dbt's places in the graph, its arguments, its messages, and the rows that its tests find."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_dbt import DagsterDbtTranslator, DbtCliEventMessage, DbtCliInvocation
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from packaging.version import Version

from orchestration.assets.warehouse import build_arguments, failure_reason
from orchestration.dbt_resource import errors_of, messages_of
from orchestration.dbt_tests import FoundRows, found_rows
from orchestration.dbt_tests import test_description as description_of
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


FAILING = """
import json, sys
for level, text in (("info", "Running"), ("error", "Database Error\\n  connection refused")):
    print(json.dumps({"info": {"name": "MainMessage", "level": level, "msg": text}, "data": {}}))
sys.exit(2)
"""


def invoked(program: str, folder: Path) -> DbtCliInvocation:
    return DbtCliInvocation(
        process=subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE),
        manifest={},
        dagster_dbt_translator=DagsterDbtTranslator(),
        project_dir=folder,
        target_path=folder,
        raise_on_error=False,
        cli_version=Version("1.11.0"),
    )


def test_what_dbt_says_stays_off_the_terminal_and_its_error_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invocation = invoked(FAILING, tmp_path)
    assert len(list(messages_of(invocation))) == 2
    assert errors_of(invocation) == "Database Error connection refused"
    assert capsys.readouterr().out == ""


def test_what_markdown_would_take_for_its_own_is_escaped() -> None:
    found = FoundRows(("key", "value"), (("1", "a|b"), ("2", "<img src=x> [link](y) *bold*")))
    assert found.markdown().splitlines() == [
        "| key | value |",
        "| --- | --- |",
        "| 1 | a\\|b |",
        "| 2 | \\<img src=x\\> \\[link\\]\\(y\\) \\*bold\\* |",
    ]


def test_only_the_first_rows_are_shown_and_fewer_named() -> None:
    found = found_rows([{"key": number} for number in range(500)])
    assert len(found.markdown().splitlines()) == 22
    assert str(found) == "key 0; key 1; key 2 ..."


def test_a_long_value_is_cut_and_line_ends_are_none() -> None:
    found = found_rows([{"note": "x" * 500 + "\nnext"}])
    assert len(str(found)) < 100
    assert all(len(line) < 120 for line in found.markdown().splitlines())


def test_a_test_without_a_description_is_told_by_its_kind_and_column() -> None:
    described = {
        "not_null": {"column_name": "id"},
        "unique": {"column_name": "id"},
        "unique_combination": {"columns": ["a", "b"]},
        "relationships": {"column_name": "c_id", "to": "ref('dim_c')", "field": "id"},
        "accepted_values": {"column_name": "kind", "values": ["x", "y"]},
    }
    assert [
        description_of({"test_metadata": {"name": name, "kwargs": given}})
        for name, given in described.items()
    ] == [
        "id is never empty.",
        "No two rows share their id.",
        "No two rows share their a, b.",
        "Every c_id is the id of a row of dim_c.",
        "kind is one of x, y.",
    ]
    assert description_of({"test_metadata": {"name": "unheard_of", "kwargs": {}}}) is None
    assert description_of({"description": "Its own\n words."}) == "Its own words."
