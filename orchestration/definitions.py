"""What Dagster loads: assembles assets, checks, jobs, schedules and sensors from the settings."""

from collections.abc import Mapping

import dagster as dg

from orchestration.asset_policies import with_policies
from orchestration.assets.anchors import anchor_assets
from orchestration.assets.closed import closed_assets
from orchestration.assets.deliveries import delivery_assets
from orchestration.assets.raw import raw_assets
from orchestration.assets.reports import report_assets
from orchestration.assets.warehouse import warehouse_assets
from orchestration.checks import build_checks, build_recomputation_checks
from orchestration.dbt_resource import dbt_project, dbt_resource, prepared_manifest
from orchestration.dbt_translator import DbtTranslator
from orchestration.jobs import build_jobs, build_query_jobs
from orchestration.resources import build_resources
from orchestration.schedules import build_schedules
from orchestration.sensors import build_closing_sensors, build_query_sensors, build_sensors
from orchestration.settings import Settings, load_settings


def build_definitions(
    settings: Settings, loggers: Mapping[str, dg.LoggerDefinition] | None = None
) -> dg.Definitions:
    """Everything of one installation: only the sources that are switched on."""
    manifest, project, raw = prepared_manifest(settings), dbt_project(settings), raw_assets(settings.sources)
    translator = DbtTranslator(project)
    warehouse = warehouse_assets(manifest, project, translator, settings.sources)
    closed = closed_assets(manifest, project, translator)
    outgoing = [*report_assets(manifest), *delivery_assets(manifest)]
    assets = [*raw, *warehouse, *closed, *anchor_assets(manifest), *outgoing]
    jobs = build_jobs(raw, [key for assets in closed for key in assets.keys])
    own = not settings.embedded
    return dg.Definitions(
        assets=with_policies(assets, scheduled=own),
        asset_checks=[*build_checks(settings.sources), *build_recomputation_checks(settings.sources)],
        jobs=[*jobs, *build_query_jobs()],
        schedules=build_schedules(jobs, running=own),
        sensors=[
            *build_sensors(settings),
            *build_closing_sensors(settings, jobs, running=own),
            *build_query_sensors(settings, jobs, running=own),
        ],
        resources={**build_resources(settings), "dbt": dbt_resource(project)},
        executor=dg.in_process_executor,
        loggers=loggers,
    )


def definitions() -> dg.Definitions:
    """The definitions for this process's environment; what workspace.yaml names."""
    return build_definitions(load_settings())
