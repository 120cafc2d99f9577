"""dbt's project and resource as dagster-dbt knows them, and its manifest, parsed when out of date."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject

from orchestration.child_process import ended_with
from orchestration.dbt_invocation import errors_of
from orchestration.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
# what was read of the models of this manifest, see column_lineage.py
COLUMN_LINEAGE = "column_lineage.json"
_READ_BY_DBT = {".sql", ".yml", ".yaml", ".md", ".csv", ".py"}


class DbtError(Exception):
    """dbt refused the project; the message is its own first words."""


def target_folder(settings: Settings) -> Path:
    """Where dbt writes: below the home, never in the project, which may be read-only."""
    return settings.home / "dbt"


def dbt_project(settings: Settings) -> DbtProject:
    """The project as dagster-dbt knows it."""
    return DbtProject(project_dir=PROJECT, profiles_dir=PROJECT, target_path=target_folder(settings))


def dbt_resource(project: DbtProject) -> DbtCliResource:
    """dagster-dbt's resource, with the dbt that is installed beside this Python, whatever the PATH."""
    return DbtCliResource(
        project_dir=project,
        dbt_executable=Path(sys.executable).with_name("dbt"),
        global_config_flags=["--no-version-check", "--log-level-file", "info", "--log-format-file", "text"],
    )


def variables(settings: Settings) -> list[str]:
    """The arguments for the project's variables: the sources switched on, and what the settings decide.

    The same for every command: dbt parses the whole project again where they differ from the last ones.
    """
    given = {
        "sources": list(settings.sources),
        "closing_grace_hours": settings.closing_grace_hours,
        "reporting_currency": settings.reporting_currency,
    }
    return ["--vars", json.dumps(given)]


def prepared_manifest(settings: Settings) -> dict[str, Any]:
    """The manifest, which dbt has parsed again if something that it depends on has changed.

    Any number of processes may ask at once: one parses. Raises DbtError.
    """
    project = dbt_project(settings)
    folder = target_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    fingerprint, marker = _fingerprint(settings), folder / "fingerprint"
    with _alone(folder / "lock"):
        if not (marker.exists() and marker.read_text() == fingerprint):
            marker.unlink(missing_ok=True)
            (folder / COLUMN_LINEAGE).unlink(missing_ok=True)
            _parse(settings, project)
            marker.write_text(fingerprint)
        return json.loads(project.manifest_path.read_bytes())


@contextmanager
def environment(settings: Settings, **more: str) -> Iterator[None]:
    """The block's environment variables, which dbt reads: the warehouse's, and more of SUBDYN_DBT_<name>."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("SUBDYN_DBT_")]:
        del os.environ[name]
    os.environ.update(settings.dbt_environment())
    os.environ.update({f"SUBDYN_DBT_{name.upper()}": value for name, value in more.items()})
    os.environ.update(
        # where dagster-dbt looks for what was parsed before
        DBT_TARGET_PATH=str(target_folder(settings)),
        # a test of two models would be run for either; checks are selected by name
        DBT_INDIRECT_SELECTION="empty",
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _parse(settings: Settings, project: DbtProject) -> None:
    with environment(settings):
        parsing = dbt_resource(project).cli(
            ["parse", "--quiet", *variables(settings)],
            target_path=target_folder(settings),
            raise_on_error=False,
        )
    with ended_with(parsing.process):
        parsed = parsing.is_successful()
    if not parsed:
        raise DbtError(f"dbt cannot read its project: {errors_of(parsing)}")


def _fingerprint(settings: Settings) -> str:
    warehouse: Mapping[str, str] = settings.dbt_environment()
    parts = variables(settings)
    parts += [f"{name}={warehouse.get(name)}" for name in ("SUBDYN_DBT_HOST", "SUBDYN_DBT_DATABASE")]
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in _READ_BY_DBT and path.is_file():
            stat = path.stat()
            parts.append(f"{path.relative_to(PROJECT)} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
