"""The folder in which Dagster keeps its runs: the same for the UI, the schedules and the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

WORKSPACE = Path(__file__).resolve().with_name("workspace.yaml")
_TEMPLATE = Path(__file__).with_suffix(".yaml")


def prepare_dagster_home(settings: Settings) -> Path:
    """The folder, with a dagster.yaml if it had none."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(_TEMPLATE.read_text())
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The instance of the settings' home; FullDisk says that its disk is full."""
    from dagster import DagsterInstance

    from orchestration.failures import full_disk_named

    with full_disk_named(settings.dagster_home):
        os.environ["DAGSTER_HOME"] = str(prepare_dagster_home(settings))
        with DagsterInstance.get() as instance:
            yield instance
