"""Asset checks that look beyond one model: against the source, the ledger, and raw tables recomputed."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import dagster as dg
import psycopg
import yaml

from exports.errors import ReportError
from exports.verification.comparison import Comparison
from exports.verification.recomputation.company_months import (
    NIGHTLY_CUSTOMERS,
    NIGHTLY_MONTHS,
    recompute_company_months,
)
from exports.verification.recomputation.customers import NIGHTLY_BOUND as NIGHTLY_CUSTOMER_BOUND
from exports.verification.recomputation.customers import recompute_customers
from exports.verification.recomputation.subscriber_facts import Choices
from exports.verification.recomputation.subscriber_months import NIGHTLY_BOUND as NIGHTLY_MONTH_BOUND
from exports.verification.recomputation.subscriber_months import recompute_subscriber_months
from extract.errors import ExtractionError
from extract.specification import SourceCollection, SourceTable
from orchestration.assets.raw import SPECIFICATIONS, raw_key
from orchestration.dbt_resource import PROJECT
from orchestration.dbt_tests import found_rows
from orchestration.reconciliation import (
    BalanceDifference,
    ConservationBreak,
    balance_differences,
    conservation_breaks,
    count_comparison,
)
from orchestration.resources import SettingsResource
from orchestration.runs import begin
from orchestration.settings import SourceName

HISTORY = dg.AssetKey(["marts", "fct_customer_history"])

CHECK_NAME = "equals_recomputation_from_raw"
_SHOWN = 20


def build_checks(sources: tuple[SourceName, ...]) -> list[dg.AssetChecksDefinition]:
    """A count check for every raw asset, and the ledger's checks where there is a ledger."""
    checks = [_rows_equal_source(table) for source in sources for table in SPECIFICATIONS[source]]
    if "billing" in sources:
        checks += [ledger_equals_live_balances, nothing_lost_nor_doubled]
    return checks


def _rows_equal_source(specification: SourceTable | SourceCollection) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=raw_key(specification),
        name="rows_equal_source",
        description="As many rows as the source holds, but for rows set aside and rows that moved since.",
    )
    def rows_equal_source(
        context: dg.AssetCheckExecutionContext, settings: SettingsResource
    ) -> dg.AssetCheckResult:
        as_of = begin(context)
        url = settings.source_url(specification.source)
        with psycopg.connect(settings.warehouse()) as connection:
            try:
                found = count_comparison(connection, specification, url, as_of, settings.waits)
            except ExtractionError as error:
                return dg.AssetCheckResult(passed=False, description=str(error))
        if not found.agrees:
            context.log.error(str(found))
        return dg.AssetCheckResult(
            passed=found.agrees,
            description=str(found),
            metadata={
                "raw rows": found.raw_rows,
                "source rows": found.source_rows,
                "set aside": found.rejected_rows,
                "moved since the run began": found.moved_rows,
            },
        )

    return rows_equal_source


@dg.asset_check(
    asset=HISTORY,
    description="Each customer's movements add up to the balance that the source keeps, to the last digit.",
)
def ledger_equals_live_balances(
    context: dg.AssetCheckExecutionContext, settings: SettingsResource
) -> dg.AssetCheckResult:
    """Fails for each customer whose movements do not add up to its live balance."""
    as_of = begin(context)
    with psycopg.connect(settings.warehouse()) as connection:
        found = balance_differences(connection, as_of)
    wrong = [difference for difference in found if not difference.is_unsettled]
    return _result(context, wrong, {"differences": len(wrong), "unsettled": len(found) - len(wrong)})


@dg.asset_check(
    asset=HISTORY,
    description="What was extracted is in the ledger or set aside: nothing is lost, nothing is doubled.",
)
def nothing_lost_nor_doubled(
    context: dg.AssetCheckExecutionContext, settings: SettingsResource
) -> dg.AssetCheckResult:
    """Fails for each customer whose extracted movements are neither in its history nor set aside."""
    begin(context)
    with psycopg.connect(settings.warehouse()) as connection:
        found = conservation_breaks(connection)
    return _result(context, found, {"breaks": len(found)})


def _result(
    context: dg.AssetCheckExecutionContext,
    findings: Sequence[BalanceDifference] | Sequence[ConservationBreak],
    counts: dict[str, int],
) -> dg.AssetCheckResult:
    metadata: dict[str, dg.IntMetadataValue | dg.MarkdownMetadataValue] = {
        name: dg.IntMetadataValue(count) for name, count in counts.items()
    }
    if not findings:
        return dg.AssetCheckResult(passed=True, metadata=metadata)
    found = found_rows([asdict(finding) for finding in findings])
    metadata["first rows"] = dg.MarkdownMetadataValue(found.markdown())
    description = f"{len(findings)} customers, the first: {findings[0]}"
    context.log.error(description)
    return dg.AssetCheckResult(passed=False, description=description, metadata=metadata)


@dataclass(frozen=True)
class _Recomputed:
    """A source's table that is recomputed: the asset, what its check says, and how it is done."""

    source: SourceName
    asset: tuple[str, str]
    description: str
    recompute: Callable[[psycopg.Connection[Any], datetime], Comparison]


def subscriber_choices() -> Choices:
    """The choices that this installation's dbt_project.yml sets in its `vars`."""
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text()).get("vars") or {}
    fallback = Choices()
    return Choices(
        int(variables.get("session_timeout_minutes", fallback.session_timeout_minutes)),
        bool(variables.get("lock_counts_for_agents", fallback.lock_counts_for_agents)),
    )


_RECOMPUTED = (
    _Recomputed(
        "billing",
        ("marts", "fct_customer_history"),
        f"Balance, first and last paid use of some {NIGHTLY_CUSTOMER_BOUND:,} customers, now and at past"
        " instants, are what their extracted movements sum up to. Every night takes others.",
        recompute_customers,
    ),
    _Recomputed(
        "billing",
        ("marts", "customer_dynamics_daily"),
        "Every day of some companies' months, and the months, follow from extracted movements. Every night"
        f" takes others: {NIGHTLY_MONTHS} months, or as many as add up to {NIGHTLY_CUSTOMERS:,} customers.",
        recompute_company_months,
    ),
    _Recomputed(
        "platform",
        ("marts", "subscriber_metrics"),
        f"All thirteen metrics of some {NIGHTLY_MONTH_BOUND:,} subscriber-months follow from what was"
        " extracted, live ones as shown, closed ones with their restatements. Every night takes others.",
        lambda connection, as_of: recompute_subscriber_months(connection, as_of, subscriber_choices()),
    ),
)


def build_recomputation_checks(sources: tuple[SourceName, ...]) -> list[dg.AssetChecksDefinition]:
    """One check for each table that is recomputed."""
    return [_check(recomputed) for recomputed in _RECOMPUTED if recomputed.source in sources]


def _check(recomputed: _Recomputed) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=dg.AssetKey(recomputed.asset), name=CHECK_NAME, description=recomputed.description)
    def equals_recomputation_from_raw(
        context: dg.AssetCheckExecutionContext, settings: SettingsResource
    ) -> dg.AssetCheckResult:
        as_of = begin(context)
        try:
            with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
                comparison = recomputed.recompute(connection, as_of)
        except ReportError as error:
            return dg.AssetCheckResult(passed=False, description=str(error))
        return check_result(comparison)

    return equals_recomputation_from_raw


def check_result(comparison: Comparison) -> dg.AssetCheckResult:
    """The comparison as the UI and the run's log show it: how much was looked at, and the first findings."""
    metadata: dict[str, Any] = {
        f"{comparison.unit} looked at": comparison.checked,
        "all have their turn within nights": comparison.nights,
        "findings": comparison.found,
    }
    if comparison.findings:
        metadata["first findings"] = dg.MetadataValue.table(
            [
                dg.TableRecord({"key": finding.key, "value": finding.value, "reason": finding.reason})
                for finding in comparison.findings[:_SHOWN]
            ]
        )
    message = comparison.skipped or comparison.extent
    if comparison.findings:
        message = f"{comparison.found:,} findings in {comparison.extent}, the first: {comparison.findings[0]}"
    return dg.AssetCheckResult(passed=not comparison.found, description=message, metadata=metadata)
