"""The jobs: the same whether the UI, a schedule or the command line starts them."""

from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.dbt_translator import CLOSED_FOLDER, NIGHTLY_TAG

# Assets and checks that the hourly job leaves to the nightly one bear this tag.
NIGHTLY_TAGS = {NIGHTLY_TAG: ""}
_CLOSED = dg.AssetSelection.key_prefixes(CLOSED_FOLDER)


def build_jobs(raw_assets: Iterable[dg.AssetsDefinition]) -> list[UnresolvedAssetJobDefinition]:
    """hourly brings in what moved; nightly adds the sweep, the checks, the series and the reports."""
    every = dg.AssetSelection.all() - _CLOSED
    return [
        dg.define_asset_job(
            "hourly",
            selection=(every - dg.AssetSelection.tag(NIGHTLY_TAG, "")).without_checks(),
            description="Load what moved and bring the warehouse up to it.",
        ),
        dg.define_asset_job(
            "nightly",
            selection=every | dg.AssetSelection.all_asset_checks(),
            description="Hourly's work, the sweep for vanished rows, all checks, the series and the reports.",
            config={"ops": {asset.op.name: {"config": {"sweep": True}} for asset in raw_assets}},
        ),
    ]
