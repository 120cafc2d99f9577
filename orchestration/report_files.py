"""Stored results as files in a folder: written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from exports.result import StoredResult


def write_file(result: StoredResult, path: Path, format_name: str) -> Path:
    """Render the result to the path, replacing what was there; raises InvalidParameter, OSError."""
    # Workbooks take their time to import, and hourly runs write none.
    from exports.render import find_renderer

    render = find_renderer(format_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{result.result_id}")
    try:
        with unfinished.open("wb") as stream:
            render(result, stream)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def write_files(result: StoredResult, folder: Path, formats: Iterable[str]) -> list[Path]:
    """Render the result into the folder, one file per format, named by report and interval."""
    name = file_stem(result)
    return [write_file(result, folder / f"{name}.{format_name}", format_name) for format_name in formats]


def file_stem(result: StoredResult) -> str:
    """The name of a result's files without the format."""
    asked = result.asked_interval
    subscriber = result.parameters.get("subscriber_id")
    whose = "" if subscriber is None else f"_subscriber-{subscriber}"
    return f"{result.report}{whose}_{asked.from_date}_{asked.to_date}"
