"""The few private seams of dagster that runs need, each with its reason; seen in dagster 1.13.27.

tests/end_to_end (dagster_ui/, test_faults.py) fail where one of them no longer does what it is for.
tests/unit/orchestration/test_compatibility.py fails where dagster-dbt no longer has what is overridden here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import RepoBackedJob
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.events import RunFailureReason
from dagster._core.execution.api import execute_run_iterator
from dagster._core.execution.plan.objects import ErrorSource
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_dbt import DbtCliResource
from packaging.version import Version


class PreparedDbtCliResource(DbtCliResource):
    """dagster-dbt's resource without what it prepares for each command and nothing here uses.

    `dbt --version` is a process of its own that asks for newer releases over the network; the adapter, for
    column metadata that runs read themselves, parses all of dbt's macros in this process, for each step.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        return None


# What the public `define_asset_job` returns, which has no public name.
AssetJob = UnresolvedAssetJobDefinition


def workspace_job_origin(workspace: Path, repository_name: str, job_name: str) -> RemoteJobOrigin:
    """Where the UI finds the job: the workspace's one code location, as webserver and daemon name it.

    A run without it is in no job's list of runs, not in the timeline, and cannot be re-executed.
    """
    (location,) = location_origins_from_yaml_paths([str(workspace)])
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, repository_name), job_name)


def execute_run(
    repository: dg.RepositoryDefinition, run: dg.DagsterRun, instance: dg.DagsterInstance
) -> Iterator[dg.DagsterEvent]:
    """Execute a run that was created before, in this process, and yield its events as they come.

    The public `execute_in_process` creates its run itself, without an origin, and keeps the repository, whose
    checks a delivery looks at, from the steps.
    """
    # Where a month is not closed, what follows is left out; each of its checks would be told on the terminal.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    yield from execute_run_iterator(RepoBackedJob(run.job_name, repository), run, instance)


def is_interrupt(event: dg.DagsterEvent) -> bool:
    """Whether the event tells of Ctrl-C or SIGTERM, within a step or between two."""
    if event.is_step_failure:
        return event.step_failure_data.error_source is ErrorSource.INTERRUPT
    unexpected = RunFailureReason.UNEXPECTED_TERMINATION
    return event.is_run_failure and event.job_failure_data.failure_reason is unexpected
