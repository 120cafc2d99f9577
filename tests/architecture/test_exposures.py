"""Exposures name what each report reads: no more, and nothing less."""

import re
from typing import Any

import pytest

from orchestration.dbt_translator import asset_nodes
from tests.architecture.test_imports import ROOT

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
