"""Asset checks that look beyond one model: the warehouse against the source, and against itself."""

from collections.abc import Sequence
from dataclasses import asdict

import dagster as dg
import psycopg

from extract.errors import ExtractionError
from extract.specification import SourceCollection, SourceTable
from orchestration.assets.raw import SPECIFICATIONS, raw_key
from orchestration.dbt_tests import found_rows
from orchestration.reconciliation.findings import (
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
