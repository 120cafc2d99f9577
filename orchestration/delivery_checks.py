"""The checks that stand between a result and its recipients: of every asset upstream of the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from exports.delivery.gate import Finding
from orchestration.assets.reports import REPORTS

FIRST_ROWS = "first rows"
FIRST_FINDINGS = "first findings"
FINDING = ("key", "value", "reason")
MOST_ROWS = 5
# A run that was stopped leaves checks planned that were never evaluated: so many are looked behind.
MOST_PLANNED = 20
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>()#+!|~-])")
_BETWEEN_CELLS = re.compile(r"(?<!\\)\|")


def build_findings(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition
) -> Callable[[str], Sequence[Finding]]:
    """A function that gives the failed checks of what a report reads; Dagster is asked once per report."""
    known: dict[str, Sequence[Finding]] = {}

    def findings(report: str) -> Sequence[Finding]:
        if report not in known:
            key = dg.AssetKey([REPORTS, report.replace("-", "_")])
            known[report] = failed_checks(instance, repository, key)
        return known[report]

    return findings


def failed_checks(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, report: dg.AssetKey
) -> list[Finding]:
    """The checks of severity error, upstream of the report's asset, whose last evaluation did not pass.

    By name. The last evaluation counts, be it of the nightly run or one in the UI. A check that was never
    evaluated withholds nothing: data through tell whether its asset was built.
    """
    graph = repository.asset_graph
    if not graph.has(report):
        return []
    keys = sorted(
        graph.get_check_keys_for_assets(graph.get_ancestor_asset_keys(report)),
        key=lambda key: key.to_user_string(),
    )
    # one question for the many that never ran
    known = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    found = (_last_evaluation(instance, key) for key in keys if key in known)
    return [
        _finding(evaluation)
        for evaluation in found
        if evaluation is not None
        and not evaluation.passed
        and evaluation.severity is dg.AssetCheckSeverity.ERROR
    ]


def _last_evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    """What the check said last; while it is planned or was given up, what it said before."""
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=MOST_PLANNED)
    evaluations = (record.evaluation for record in history)
    return next((said for said in evaluations if isinstance(said, dg.AssetCheckEvaluation)), None)


def _finding(evaluation: dg.AssetCheckEvaluation) -> Finding:
    return Finding(
        evaluation.asset_check_key.to_user_string(),
        evaluation.description or "no reason given",
        tuple(_rows(evaluation)),
    )


def _rows(evaluation: dg.AssetCheckEvaluation) -> Iterator[str]:
    """The first rows that the check found, each as one line of text."""
    rows, findings = evaluation.metadata.get(FIRST_ROWS), evaluation.metadata.get(FIRST_FINDINGS)
    if isinstance(rows, dg.MarkdownMetadataValue) and rows.md_str:
        head, _, *lines = [_cells(line) for line in rows.md_str.splitlines()]
        for line in lines[:MOST_ROWS]:
            yield ", ".join(f"{name} {value}" for name, value in zip(head, line, strict=False))
    if isinstance(findings, dg.TableMetadataValue):
        for record in findings.records[:MOST_ROWS]:
            values = (record.data.get(name) for name in FINDING)
            yield ", ".join(str(value) for value in values if value not in (None, ""))


def _cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table, as they were before they were escaped."""
    return [_ESCAPED.sub(r"\1", cell.strip()) for cell in _BETWEEN_CELLS.split(line)[1:-1]]
