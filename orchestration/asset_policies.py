"""Whose data an asset is, and how old it may grow before the UI says so."""

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from orchestration.dbt_translator import CLOSING_TAG, NIGHTLY_TAG
from orchestration.settings import SOURCES

_LAYERS = ("raw", "marts", "reports")
# A run of the schedules (schedules.py) missed, and several of them.
_HOURLY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=2, minutes=30), fail_window=timedelta(hours=6)
)
_NIGHTLY = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=26), fail_window=timedelta(hours=50))


def with_policies(assets: Iterable[dg.AssetsDefinition], *, scheduled: bool) -> list[dg.AssetsDefinition]:
    """The assets with their owners and, where the schedules run by themselves, how fresh they have to be."""

    def complete(spec: dg.AssetSpec) -> dg.AssetSpec:
        spec = spec.replace_attributes(owners=[_owner(spec)])
        if not scheduled or spec.key.path[0] not in _LAYERS:
            return spec
        return dg.apply_freshness_policy(spec, _NIGHTLY if NIGHTLY_TAG in spec.tags else _HOURLY)

    return [asset.map_asset_specs(complete) for asset in assets]


def _owner(spec: dg.AssetSpec) -> str:
    """The team that keeps the source; closed months are the platform's, reports the first source's."""
    known = [source for source in SOURCES if source in spec.key.path or source in spec.tags]
    if CLOSING_TAG in spec.tags:
        return "team:platform"
    return f"team:{(known or SOURCES)[0]}"
