"""Clearing up after a killed command."""

from __future__ import annotations

from orchestration.cli.installation import console
from orchestration.settings import Settings


def end_killed(settings: Settings) -> None:
    """End runs whose process was killed, and say so."""
    from orchestration.dagster_home import dagster_instance
    from orchestration.runs import end_killed_runs

    with dagster_instance(settings) as instance:
        for run_id in end_killed_runs(instance):
            console.print(f"run {run_id} was killed; it is marked as failed")
