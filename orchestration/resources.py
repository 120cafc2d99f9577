"""What the assets are given: plain objects, so that no password becomes part of a run's config."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.runs import AsOfRefused, as_of, mark_process, refuse_as_of, sources_loaded
from orchestration.settings import Settings

# Assets ask for `settings: SettingsResource`; the UI shows the resource's name and nothing of what it holds.
SettingsResource = dg.ResourceParam[Settings]


def build_resources(settings: Settings) -> dict[str, object]:
    """The resources by the name under which assets, checks and sensors ask for them."""

    @dg.resource(description="The settings; given to a run once its as-of is found to be one it may have.")
    def accepted_settings(context: dg.InitResourceContext) -> Settings:
        if context.run is not None and context.instance is not None:
            _accept(settings, context.run, context.instance, context.log)
        return settings

    return {"settings": accepted_settings}


def _accept(
    settings: Settings,
    run: dg.DagsterRun,
    instance: dg.DagsterInstance,
    log: dg.DagsterLogManager | None,
) -> None:
    """Mark the run with its process; raise AsOfRefused before its first step, and say why in its log."""
    mark_process(run, instance)
    plan = run.execution_plan_snapshot_id
    steps = instance.get_execution_plan_snapshot(plan).step_keys_to_execute if plan is not None else []
    try:
        refuse_as_of(settings, sources_loaded(steps), as_of(run, instance), datetime.now(UTC))
    except AsOfRefused as refusal:
        # the same as-of would be refused again
        instance.add_run_tags(run.run_id, {"dagster/max_retries": "0"})
        if log is not None:
            log.error(str(refusal))
        raise
