"""docs/metrics.md holds every metric that a report or a series shows, and names columns that are there."""

import re
from pathlib import Path

import yaml

from exports.reports.customer_dynamics.parameters import COLUMNS
from exports.reports.subscriber_metrics.parameters import METRIC_COLUMNS

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
