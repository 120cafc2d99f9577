"""Asset checks that recompute a rotating part of the warehouse from raw tables, without any stored state."""

from collections.abc import Callable
from dataclasses import dataclass
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
from orchestration.dbt_manifest import PROJECT
from orchestration.resources import SettingsResource
from orchestration.runs import begin
from orchestration.settings import SourceName

CHECK_NAME = "equals_recomputation_from_raw"
_SHOWN = 20


@dataclass(frozen=True)
class _Recomputed:
    """A source's table that is recomputed: the asset, what its check says, and how it is done."""

    source: SourceName
    asset: tuple[str, str]
    description: str
    recompute: Callable[[psycopg.Connection[Any], datetime], Comparison]


def subscriber_choices() -> Choices:
    """The choices of macros/subscribers/choices.sql as this installation's dbt_project.yml sets them."""
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
