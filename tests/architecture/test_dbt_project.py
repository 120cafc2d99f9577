"""What every dbt model promises to its readers."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from orchestration.dbt_resource import PROJECT, prepared_manifest
from orchestration.dbt_tests import test_description as description_of
from orchestration.dbt_translator import CLOSING_TAG, asset_nodes
from orchestration.settings import SOURCES, Settings
from tests.architecture.test_imports import ROOT

BOOKKEEPING = {"load_log", "rejected", "watermarks"}
CLOCK = re.compile(
    r"\b(now\s*\(|current_date\b|current_timestamp\b|clock_timestamp\s*\(|statement_timestamp\s*\(|localtime)",
    re.IGNORECASE,
)
READ_BY_NAME = re.compile(r"\b(?:from|join)\s+((?:raw_\w+|staging|intermediate|marts|closed)\.\w+)\b(?!\()")
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


def test_models_read_relations_by_ref_and_source(manifest: dict[str, Any]) -> None:
    """What is read by its name is no edge of dbt's graph."""
    behind = {
        (node["name"], match[1])
        for node in asset_nodes(manifest).values()
        for match in READ_BY_NAME.finditer(COMMENT.sub("", node["raw_code"]))
    }
    assert behind == set()


def test_every_test_says_what_it_checks(manifest: dict[str, Any]) -> None:
    tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    assert [node["name"] for node in tests if not description_of(node)] == []


def test_every_model_is_in_the_step_of_the_source_that_it_reads(manifest: dict[str, Any]) -> None:
    """Over any distance; a view over bookkeeping waits for no source, and what reads none may be anywhere."""
    nodes = asset_nodes(manifest)

    def read(unique_id: str) -> set[str]:
        found: set[str] = set()
        for parent in manifest["parent_map"].get(unique_id, []):
            table = manifest["sources"].get(parent)
            if table is None:
                found |= read(parent)
            elif table["schema"] == "closed":
                continue  # by earlier runs
            elif table["name"] not in BOOKKEEPING or nodes[unique_id]["config"]["materialized"] != "view":
                found.add(table["source_name"].removeprefix("raw_"))
        return found

    steps = {unique_id: set(node["tags"]) & {*SOURCES, CLOSING_TAG} for unique_id, node in nodes.items()}
    assert [unique_id for unique_id, step in steps.items() if len(step) != 1] == []
    wrong = [
        unique_id
        for unique_id, step in steps.items()
        if not read(unique_id) <= ({"platform"} if step == {CLOSING_TAG} else step)
    ]
    assert wrong == []


def test_without_a_source_there_are_none_of_its_models(settings_of: Callable[..., Settings]) -> None:
    manifest = prepared_manifest(settings_of("platform"))
    steps = {tag for node in asset_nodes(manifest).values() for tag in node["tags"] if tag in SOURCES}
    assert steps == {"platform"}
    assert "raw_billing" not in json.dumps([node["path"] for node in manifest["nodes"].values()])


FOLDER = ROOT / "exports" / "reports"
REPORTS = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))
RELATION = re.compile(r"\b[a-z]+\.[a-z_]+")


@pytest.mark.parametrize("report", REPORTS)
def test_an_exposure_names_what_its_report_reads(report: str, manifest: dict[str, Any]) -> None:
    nodes = asset_nodes(manifest).items()
    relations = {f"{node['schema']}.{node['name']}": unique_id for unique_id, node in nodes}
    files = [path for suffix in ("py", "sql") for path in (FOLDER / report).rglob(f"*.{suffix}")]
    named = {name for path in files for name in RELATION.findall(path.read_text())}
    (exposure,) = (found for found in manifest["exposures"].values() if found["name"] == report)
    assert set(exposure["depends_on"]["nodes"]) == {relations[name] for name in named if name in relations}
