"""What is written for people names files and columns that are there, in one form; no metric is left out."""

import re
from pathlib import Path

import pytest
import yaml

from exports.reports.customer_dynamics.parameters import COLUMNS
from exports.reports.subscriber_metrics.parameters import METRIC_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
DECISION = re.compile(
    r"# (?P<number>\d{4}) (?P<title>[^\n]+)\n\n"
    r"Date: (?P<date>\d{4}-\d{2}-\d{2})\nStatus: accepted\n\n"
    r"## Context\n\n.+\n\n## Decision\n\n.+\n\n## Consequences\n\n.+",
    re.DOTALL,
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_paths_that_contributors_are_led_to_are_there() -> None:
    paths = re.findall(r"`([\w./-]+/[\w./-]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_decisions_have_one_form_and_an_index_that_names_each() -> None:
    expected = []
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        decision = DECISION.fullmatch(path.read_text())
        assert decision is not None, f"{path.name}: see {DECISIONS.name}/README.md for the form"
        assert path.name.startswith(decision["number"])
        expected.append(f"| [{decision['number']}]({path.name}) | {decision['title']} | {decision['date']} |")
    index = (DECISIONS / "README.md").read_text().splitlines()
    assert [line for line in index if line.startswith("| [")] == expected


ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "metrics.md").read_text()
SERIES = ("customer_dynamics_monthly", "customer_activity_monthly", "customer_cohorts_monthly")


def cells(column: int) -> list[str]:
    """What stands in backticks in a column of the table."""
    lines = [line.split(" | ") for line in TABLE.splitlines() if line.startswith("| ")][2:]
    return [name for line in lines for name in re.findall(r"`([^`]+)`", line[column])]


def columns_by_model() -> dict[str, list[str]]:
    """The columns that each model's yml describes."""
    files = (yaml.safe_load(path.read_text()) for path in (ROOT / "dbt_project" / "models").rglob("*.yml"))
    models = [model for file in files for model in file.get("models", [])]
    return {model["name"]: [column["name"] for column in model.get("columns", [])] for model in models}


def test_every_column_of_a_report_is_in_the_table_once() -> None:
    assert sorted(cells(4)) == sorted(column.label for column in (*COLUMNS, *METRIC_COLUMNS))


def test_every_measure_of_a_series_is_in_the_table() -> None:
    known = columns_by_model()
    measures = {
        f"{model}.{name}"
        for model in SERIES
        for name in known[model]
        if name.endswith(("_count", "_amount")) and not name.startswith("reporting_")
    }
    assert measures - set(cells(3)) == set()


def test_the_table_names_columns_of_models() -> None:
    known = {f"{model}.{name}" for model, columns in columns_by_model().items() for name in columns}
    assert set(cells(3)) - known == set()
