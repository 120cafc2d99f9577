"""What the gate is told of checks: the last word of each one upstream of the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from exports.delivery.gate import Finding
from orchestration.dbt_tests import found_rows
from orchestration.delivery_checks import build_findings

RAW, MART, OTHER = dg.AssetKey(["raw", "x"]), dg.AssetKey(["marts", "y"]), dg.AssetKey(["marts", "z"])
REPORT = dg.AssetKey(["reports", "customer_dynamics"])
ROWS = found_rows([{"customer_id": 7, "reason": "a|b_c"}, {"customer_id": 8, "reason": None}])


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def repository() -> dg.RepositoryDefinition:
    """A report with a mart and a raw table above it, and a mart beside; each with a check."""

    @dg.asset(key=RAW)
    def raw() -> None: ...

    @dg.asset(key=MART, deps=[RAW])
    def mart() -> None: ...

    @dg.asset(key=OTHER, deps=[RAW])
    def other() -> None: ...

    @dg.asset(key=REPORT, deps=[MART])
    def report() -> None: ...

    def check(key: dg.AssetKey) -> dg.AssetChecksDefinition:
        @dg.asset_check(asset=key, name="holds")
        def holds() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=True)

        return holds

    definitions = dg.Definitions(
        assets=[raw, mart, other, report], asset_checks=[check(key) for key in (RAW, MART, OTHER)]
    )
    return definitions.get_repository_def()


def say(instance: dg.DagsterInstance, key: dg.AssetKey, passed: bool, **said: Any) -> None:
    """Store an evaluation of the asset's check."""
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=key, check_name="holds", passed=passed, metadata={}, **said)
    )


def test_the_last_evaluation_of_every_check_above_the_report_counts(instance: dg.DagsterInstance) -> None:
    say(instance, RAW, False, description="the source has 3 rows more")
    say(instance, MART, False, description="broken")
    say(instance, MART, True)
    say(instance, OTHER, False, description="nobody reads this")
    findings = build_findings(instance, repository())
    assert findings("customer-dynamics") == [Finding("raw/x:holds", "the source has 3 rows more")]
    assert findings("no-such-report") == []


def test_a_warning_and_a_check_that_never_ran_withhold_nothing(instance: dg.DagsterInstance) -> None:
    say(instance, MART, False, severity=dg.AssetCheckSeverity.WARN)
    assert build_findings(instance, repository())("customer-dynamics") == []


def test_the_first_rows_of_a_check_are_told_as_they_are(instance: dg.DagsterInstance) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=MART,
            check_name="holds",
            passed=False,
            description="2 found",
            metadata={"first rows": dg.MarkdownMetadataValue(ROWS.markdown())},
        )
    )
    record = dg.TableRecord({"key": "customer 7", "value": "ledger 1", "reason": "live 2"})
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=RAW,
            check_name="holds",
            passed=False,
            description="1 found",
            metadata={"first findings": dg.MetadataValue.table([record])},
        )
    )
    assert build_findings(instance, repository())("customer-dynamics") == [
        Finding("marts/y:holds", "2 found", ("customer_id 7, reason a|b_c", "customer_id 8, reason ")),
        Finding("raw/x:holds", "1 found", ("customer 7, ledger 1, live 2",)),
    ]


def test_a_check_that_is_planned_anew_still_says_what_it_said(instance: dg.DagsterInstance) -> None:
    say(instance, MART, False, description="broken")
    defined = repository()
    run = instance.create_run_for_job(
        job_def=defined.get_implicit_global_asset_job_def(), asset_selection={MART},
    )  # fmt: skip
    assert run.run_id
    assert [finding.reason for finding in build_findings(instance, defined)("customer-dynamics")] == [
        "broken"
    ]
