"""What every dbt model promises to its readers."""

import json
import re
from collections.abc import Callable
from typing import Any

from orchestration.dbt_manifest import PROJECT, prepared_manifest
from orchestration.dbt_translator import StreetTranslator, asset_nodes, check_key, streets_of
from orchestration.settings import Settings

CLOCK = re.compile(
    r"\b(now\s*\(|current_date\b|current_timestamp\b|clock_timestamp\s*\(|statement_timestamp\s*\(|localtime)",
    re.IGNORECASE,
)
COMMENT = re.compile(r"--[^\n]*|\{#.*?#\}|/\*.*?\*/", re.DOTALL)


def test_every_model_says_what_a_row_is(manifest: dict[str, Any]) -> None:
    silent = [node["name"] for node in asset_nodes(manifest).values() if not node["description"].strip()]
    assert silent == []


def test_every_column_of_the_marts_and_of_closed_is_described(manifest: dict[str, Any]) -> None:
    silent = [
        f"{node['name']}.{column['name']}"
        for node in asset_nodes(manifest).values()
        if node["schema"] in ("marts", "closed")
        for column in node["columns"].values()
        if not column["description"].strip()
    ]
    assert silent == []


def test_every_mart_keeps_a_contract(manifest: dict[str, Any]) -> None:
    loose = [
        node["name"]
        for node in asset_nodes(manifest).values()
        if node["schema"] == "marts" and not node["config"]["contract"]["enforced"]
    ]
    assert loose == []


def test_no_model_reads_the_wall_clock() -> None:
    reading = [
        str(path.relative_to(PROJECT))
        for folder in ("models", "macros", "functions")
        for path in sorted((PROJECT / folder).rglob("*.sql"))
        if CLOCK.search(COMMENT.sub("", path.read_text()))
    ]
    assert reading == []


def test_every_test_is_an_asset_check(manifest: dict[str, Any]) -> None:
    translator = StreetTranslator()
    lost = [
        node["name"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and check_key(manifest, translator, unique_id) is None
    ]
    assert lost == []


def test_no_model_of_one_source_waits_for_another(manifest: dict[str, Any]) -> None:
    assert {sources for sources in streets_of(manifest).values() if len(sources) != 1} == set()


def test_without_a_source_there_are_none_of_its_models(settings_of: Callable[..., Settings]) -> None:
    manifest = prepared_manifest(settings_of("platform"))
    assert set(streets_of(manifest).values()) == {("platform",)}
    assert "raw_billing" not in json.dumps([node["path"] for node in manifest["nodes"].values()])
