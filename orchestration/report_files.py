"""Stored results as files in a folder: written whole or not at all.

What a schedule writes is named by the question alone, so that each night replaces the night's before. What a
person asked for bears the result's short id as well, and replaces nothing unasked.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from exports.render import find_renderer
from exports.render.info import file_stem, short_id
from exports.result import StoredResult

if TYPE_CHECKING:
    from exports.charts.definition import Chart


def write_file(
    result: StoredResult, path: Path, format_name: str, *, overwrite: bool, chart: Chart | None = None
) -> Path:
    """Render the result to the path.

    Raises InvalidParameter for an unknown format, and for what it cannot hold or draw, FileExistsError where
    the path is taken and shall not be overwritten, other kinds of OSError where it cannot be written.
    """
    render = find_renderer(format_name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "a file stands where a folder is needed") from error
    unfinished = path.with_name(f".{short_id(result.result_id)}.{format_name}.unfinished")
    try:
        with unfinished.open("wb") as stream:
            render(result, stream, chart)
        if not overwrite:
            # taken in this instant or refused, whoever else writes
            path.open("xb").close()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def write_files(result: StoredResult, folder: Path, formats: Iterable[str]) -> list[Path]:
    """A schedule's files, one per format; those of the same question are replaced."""
    stem = file_stem(result)
    return [write_file(result, folder / f"{stem}.{name}", name, overwrite=True) for name in formats]


def write_asked_files(
    result: StoredResult,
    folder: Path,
    formats: Iterable[str],
    *,
    overwrite: bool,
    chart: Chart | None = None,
) -> list[Path]:
    """The files that somebody asked for, one per format, with the result's short id in their names."""
    stem = f"{file_stem(result)}_{short_id(result.result_id)}"
    return [
        write_file(result, folder / f"{stem}.{name}", name, overwrite=overwrite, chart=chart)
        for name in formats
    ]
