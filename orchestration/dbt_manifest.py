"""dbt's project and its manifest, parsed in process when the project or what it depends on has changed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_dbt import DbtProject

from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

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


def common_arguments(settings: Settings) -> list[str]:
    """What every dbt command of ours is given."""
    folder = target_folder(settings)
    return [
        "--project-dir", str(PROJECT),
        "--profiles-dir", str(PROJECT),
        "--target-path", str(folder),
        "--log-path", str(folder / "logs"),
        "--log-level", "none",
        "--log-level-file", "info",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
    ]  # fmt: skip


def dbt_variables(settings: Settings) -> dict[str, object]:
    """The project's variables: the sources that are switched on, and what the settings decide."""
    return {
        "sources": list(settings.sources),
        "closing_grace_hours": settings.closing_grace_hours,
        "reporting_currency": settings.reporting_currency,
    }


def prepared_manifest(settings: Settings) -> dict[str, Any]:
    """The manifest as dbt writes it but for functions, parsed only if something it depends on has changed.

    Any number of processes may ask at once: one parses. Raises DbtError.
    """
    folder = target_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    fingerprint, marker = _fingerprint(settings), folder / "fingerprint"
    with _alone(folder / "lock"):
        if not (marker.exists() and marker.read_text() == fingerprint):
            marker.unlink(missing_ok=True)
            (folder / COLUMN_LINEAGE).unlink(missing_ok=True)
            _parse(settings)
            marker.write_text(fingerprint)
        return without_functions(json.loads((folder / "manifest.json").read_bytes()))


def without_functions(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest in which whoever calls a function depends on what the function reads.

    A function is no asset, but dagster-dbt 0.29 takes one that a test calls for an asset.
    """
    functions = manifest.get("functions") or {}

    def parents(unique_ids: list[str]) -> list[str]:
        found: dict[str, None] = {}
        for unique_id in unique_ids:
            function = functions.get(unique_id)
            found.update(dict.fromkeys(parents(function["depends_on"]["nodes"]) if function else [unique_id]))
        return list(found)

    for node in manifest["nodes"].values():
        node["depends_on"]["nodes"] = parents(node["depends_on"]["nodes"])
    parent_map = {
        unique_id: parents(above)
        for unique_id, above in manifest["parent_map"].items()
        if unique_id not in functions
    }
    child_map: dict[str, list[str]] = {unique_id: [] for unique_id in parent_map}
    for unique_id, above in parent_map.items():
        for parent in above:
            child_map[parent].append(unique_id)
    return {**manifest, "functions": {}, "parent_map": parent_map, "child_map": child_map}


def manifest_object(settings: Settings) -> Manifest:
    """The manifest as dbt's own object, which spares a build its parsing; after prepared_manifest."""
    from dbt.contracts.graph.manifest import Manifest

    folder = target_folder(settings)
    with _alone(folder / "lock"):
        manifest = Manifest.from_msgpack((folder / "partial_parse.msgpack").read_bytes())
    manifest.build_flat_graph()
    return manifest


def use_warehouse(settings: Settings) -> None:
    """Point dbt, which reads the process's environment, to the settings' warehouse."""
    for name in [name for name in os.environ if name.startswith("SUBDYN_DBT_")]:
        del os.environ[name]
    os.environ.update(settings.dbt_environment())


def _parse(settings: Settings) -> None:
    from dbt.cli.main import dbtRunner

    use_warehouse(settings)
    variables = json.dumps(dbt_variables(settings))
    outcome = dbtRunner().invoke(["parse", *common_arguments(settings), "--vars", variables])
    if not outcome.success:
        raise DbtError(f"dbt cannot read its project: {outcome.exception}")


def _fingerprint(settings: Settings) -> str:
    environment: Mapping[str, str] = settings.dbt_environment()
    parts = [json.dumps(dbt_variables(settings))]
    parts += [f"{name}={environment.get(name)}" for name in ("SUBDYN_DBT_HOST", "SUBDYN_DBT_DATABASE")]
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
