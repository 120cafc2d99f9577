"""closed/anchors: where the chains end after a run that may close or restate, kept outside the warehouse."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import dagster as dg
import psycopg

from exports.errors import ReportError
from exports.verification.anchors import FILE_NAME, Anchor, write_anchor
from orchestration.dbt_translator import asset_nodes, is_closed
from orchestration.resources import SettingsResource
from orchestration.runs import as_of as as_of_run
from orchestration.runs import begin
from orchestration.settings import Settings

ANCHORS = dg.AssetKey(["closed", "anchors"])
_READS = ("subscriber_metrics_monthly", "restatements")
_RUNS_LOOKED_AT = 5_000


def anchor_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """The anchors where something can be closed; none in an installation without a platform."""
    if not any(is_closed(node) for node in asset_nodes(manifest).values()):
        return []

    @dg.asset(
        key=ANCHORS,
        deps=[dg.AssetKey(["closed", name]) for name in _READS],
        group_name="closed",
        kinds={"json"},
        description=(
            "Where the chains of closed months and of restatements end after this run: how long they are and"
            f" their last hashes. Appended to `{FILE_NAME}` in the home, a file to keep a copy of elsewhere;"
            " `subdyn verify` compares with it."
        ),
    )
    def anchors(context: dg.AssetExecutionContext, settings: SettingsResource) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=note_anchor(context, settings))

    return [anchors]


def note_anchor(context: dg.AssetExecutionContext, settings: Settings) -> dict[str, Any]:
    """Append where the chains end now to the file in the home; what the UI shows of it."""
    now = begin(context)
    try:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            anchor = write_anchor(
                connection,
                settings.home / FILE_NAME,
                context.run.run_id,
                now,
                lambda noticed_at: _is_run(context.instance, noticed_at),
            )
    except ReportError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if anchor.unknown:
        rows = ", ".join(f"{row.position:,}" for row in anchor.unknown)
        context.log.error(f"restatements that no run wrote, at place {rows} of the ledger: run subdyn verify")
    return _metadata(anchor)


def _is_run(instance: dg.DagsterInstance, noticed_at: datetime) -> bool:
    """Whether a run of this home had that as_of."""
    for record in instance.get_run_records(limit=_RUNS_LOOKED_AT):
        if record.start_time is not None and as_of_run(record.dagster_run, instance) == noticed_at:
            return True
    return False


def _metadata(anchor: Anchor) -> dict[str, Any]:
    return {
        "closed months": anchor.months,
        "digest of the heads": anchor.digest,
        "heads that moved": dg.MetadataValue.json([head.model_dump() for head in anchor.heads]),
        "restatements": anchor.restatements,
        "last restatement's hash": anchor.restatements_hash or "none",
        "restatements that no run wrote": len(anchor.unknown),
    }
