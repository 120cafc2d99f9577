"""What Dagster loads: assembles assets, checks, jobs, schedules and sensors from the settings."""

from collections.abc import Mapping

import dagster as dg

from orchestration.asset_policies import with_policies
from orchestration.assets.anchors import anchor_assets
from orchestration.assets.closed import closed_assets
from orchestration.assets.raw import raw_assets
from orchestration.assets.reports import report_assets
from orchestration.assets.warehouse import warehouse_assets
from orchestration.checks import build_checks
from orchestration.closing_sensor import build_closed_months_sensor, build_closing_sensor
from orchestration.dbt_manifest import dbt_project, prepared_manifest
from orchestration.dbt_translator import DbtTranslator
from orchestration.jobs import build_jobs
from orchestration.recomputation_checks import build_recomputation_checks
from orchestration.resources import build_resources
from orchestration.schedules import build_schedules
from orchestration.sensors import build_sensors
from orchestration.settings import Settings, load_settings


def build_definitions(
    settings: Settings, loggers: Mapping[str, dg.LoggerDefinition] | None = None
) -> dg.Definitions:
    """Everything of one house: only the sources that are switched on."""
    manifest, project, raw = prepared_manifest(settings), dbt_project(settings), raw_assets(settings.sources)
    translator = DbtTranslator(project)
    warehouse = warehouse_assets(manifest, project, translator, settings.sources)
    closed = closed_assets(manifest, project, translator)
    assets = [*raw, *warehouse, *closed, *anchor_assets(manifest), *report_assets(manifest)]
    jobs = build_jobs(raw, [key for assets in closed for key in assets.keys])
    own = not settings.embedded
    closing = [
        sensor
        for job in jobs
        if job.name == "monthly_close"
        for sensor in (
            build_closing_sensor(settings, job, running=own),
            build_closed_months_sensor(settings),
        )
    ]
    return dg.Definitions(
        assets=with_policies(assets, scheduled=own),
        asset_checks=[*build_checks(settings.sources), *build_recomputation_checks(settings.sources)],
        jobs=jobs,
        schedules=build_schedules(jobs, running=own),
        sensors=[*build_sensors(settings), *closing],
        resources=build_resources(settings),
        executor=dg.in_process_executor,
        loggers=loggers,
    )


def definitions() -> dg.Definitions:
    """The definitions for this process's environment; what workspace.yaml names."""
    return build_definitions(load_settings())
