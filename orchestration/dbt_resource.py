"""dbt as dagster-dbt runs it: the project, the resource, the manifest, and what an invocation says."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliEventMessage, DbtCliInvocation, DbtCliResource, DbtProject

from orchestration.child_process import PATIENCE_SECONDS, ended_with
from orchestration.compatibility import PreparedDbtCliResource
from orchestration.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
# what was read of the models of this manifest, see column_lineage.py
COLUMN_LINEAGE = "column_lineage.json"
_READ_BY_DBT = {".sql", ".yml", ".yaml", ".md", ".csv", ".py"}

_BEFORE_ERRORS = "Errors parsed from dbt logs:"


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
    return PreparedDbtCliResource(
        project_dir=os.fspath(project.project_dir),
        profiles_dir=os.fspath(project.profiles_dir),
        dbt_executable=os.fspath(Path(sys.executable).with_name("dbt")),
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
        # a test of two models would be run for either; checks are selected by name
        DBT_INDIRECT_SELECTION="empty",
    )
    parsed = target_folder(settings) / "partial_parse.msgpack"
    if parsed.exists():
        # read where it is: dagster-dbt's copy of it in a step's folder would grow old there
        os.environ["DBT_PARTIAL_PARSE_FILE_PATH"] = str(parsed)
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
    # dbt parses the whole project again for another connection, whatever of it has changed
    connection = settings.dbt_environment()
    connection.pop("SUBDYN_DBT_PASSWORD", None)
    parts = [*variables(settings), json.dumps(connection, sort_keys=True)]
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


def messages_of(invocation: DbtCliInvocation) -> Iterator[DbtCliEventMessage]:
    """Dbt's messages as they come; what dagster-dbt prints of each, and dbt's log has, goes nowhere."""
    invocation.termination_timeout_seconds = PATIENCE_SECONDS
    messages = invocation.stream_raw_events()
    while True:
        with redirect_stdout(io.StringIO()):
            try:
                message = next(messages)
            except StopIteration:
                return
            except subprocess.TimeoutExpired as error:
                # an interrupt that dbt did not heed in time; it is killed at the end of the step
                raise error.__context__ or error from None
        yield message


def events_of(invocation: DbtCliInvocation, message: DbtCliEventMessage) -> Iterator[Any]:
    """Dagster's events of one of dbt's messages: an output, a check result, or none."""
    return message.to_default_asset_events(
        manifest=invocation.manifest,
        dagster_dbt_translator=invocation.dagster_dbt_translator,
        context=invocation.context,
        target_path=invocation.target_path,
        project=invocation.project,
    )


def errors_of(invocation: DbtCliInvocation) -> str:
    """What dbt said before it gave up, on one line; after its end."""
    error = invocation.get_error()
    text = getattr(error, "description", None) or str(error)
    return one_line(text.rpartition(_BEFORE_ERRORS)[2])


def one_line(text: object) -> str:
    """The text without line ends."""
    return " ".join(str(text).split())
