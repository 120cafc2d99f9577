"""The jobs: the same whether the UI, a schedule or the command line starts them."""

from collections.abc import Collection, Iterable

import dagster as dg
import psycopg

from exports.errors import ReportError
from exports.queries.store import ADMINISTRATOR, pause
from exports.result import GeneratedBy
from orchestration.assets.deliveries import DELIVERIES
from orchestration.assets.reports import REPORTS
from orchestration.compatibility import AssetJob
from orchestration.dbt_translator import CLOSING_TAG, NIGHTLY_TAG
from orchestration.partitions import SAVED_QUERIES
from orchestration.resources import SettingsResource
from orchestration.runs import begin

_CLOSING = dg.AssetSelection.tag(CLOSING_TAG, "")
_DELIVERIES = dg.AssetSelection.groups(DELIVERIES)
_LEDGER = dg.AssetKey(["closed", "restatements"])


def build_jobs(
    raw_assets: Iterable[dg.AssetsDefinition], closed_keys: Collection[dg.AssetKey]
) -> list[AssetJob]:
    """The jobs: hourly loads what moved; nightly adds the sweep, the checks, the series and the reports.

    monthly_close is there where something can be closed: `closed_keys`.
    """
    every = dg.AssetSelection.all() - _CLOSING - _DELIVERIES
    hourly = (every - dg.AssetSelection.tag(NIGHTLY_TAG, "")).without_checks()
    if closed_keys:
        # with its checks: closed months and their ledger have to add up after every run
        hourly |= dg.AssetSelection.assets(_LEDGER)
    jobs = [
        dg.define_asset_job(
            DELIVERIES,
            selection=_DELIVERIES,
            description="Generate what is due of saved queries, send it, and go on with what waits.",
        ),
        dg.define_asset_job(
            "hourly",
            selection=hourly,
            description="Load what moved, bring the warehouse up to it, check the ledger of closed months.",
        ),
        dg.define_asset_job(
            "nightly",
            selection=every,
            description="Hourly's work, the sweep for vanished rows, all checks, the series and the reports.",
            config={"ops": {asset.op.name: {"config": {"sweep": True}} for asset in raw_assets}},
        ),
    ]
    if closed_keys:
        closing = dg.AssetSelection.assets(*closed_keys)
        without_reports = dg.AssetSelection.all() - dg.AssetSelection.groups(REPORTS) - _DELIVERIES
        jobs.append(
            dg.define_asset_job(
                "monthly_close",
                selection=(closing.upstream() | closing.downstream()) & without_reports,
                description="Load the platform and close the months that may be closed, up to one.",
            )
        )
    return jobs


def build_query_jobs() -> list[dg.JobDefinition]:
    """pause_saved_query and resume_saved_query; due times that pass in between are not made up for."""
    return [
        _job("pause_saved_query", "Let a saved query's schedule rest: pick its number.", is_paused=True),
        _job("resume_saved_query", "Let a saved query's schedule go on from now.", is_paused=False),
    ]


def _job(name: str, description: str, *, is_paused: bool) -> dg.JobDefinition:
    @dg.op(name=f"{name}_by_number")
    def set_paused(context: dg.OpExecutionContext, settings: SettingsResource) -> None:
        now = begin(context)
        by = GeneratedBy(f"run {context.run.run_id}", ADMINISTRATOR)
        try:
            with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
                query = pause(connection, int(context.partition_key), by, now, is_paused=is_paused)
        except (ReportError, ValueError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        context.log.info(f"{query.name} {'rests' if is_paused else 'goes on'}")

    @dg.job(name=name, description=description, partitions_def=SAVED_QUERIES)
    def paused() -> None:
        set_paused()

    return paused
