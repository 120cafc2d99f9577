"""`subdyn query export` and `subdyn query import`: a file of YAML that a team keeps in git."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.exits import BadInput
from orchestration.cli.query.options import current_user, now, warehouse
from orchestration.cli.report.output import STDOUT, OutputOption, OverwriteOption
from orchestration.cli.terminal import write_line


def export_queries(
    queries: Annotated[
        list[str] | None, typer.Argument(metavar="[QUERY]...", help="Numbers or titles; all unless given.")
    ] = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write saved queries as YAML, to stdout or a file; the same queries give the same text."""
    from exports.queries.files import write_yaml
    from exports.queries.store import find, list_queries

    path = None if output in (None, STDOUT) else Path(output)
    if path is not None and not overwrite and os.path.lexists(path):
        raise BadInput(f"--output: {path} is there already: name another, or give --overwrite to replace it")
    by = current_user()
    with warehouse() as connection:
        if queries:
            found = {query.query_id: query for query in (find(connection, name, by) for name in queries)}
            text = write_yaml(found.values())
        else:
            text = write_yaml(list_queries(connection, by))
    if path is None:
        # as it is: what a file holds is read by a program
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--output: {path} cannot be written: {error.strerror}") from None
    write_line(str(path), sys.stderr)


def import_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="As export writes it; - for stdin.")],
) -> None:
    """Bring the saved queries of a YAML file into the warehouse: all of them, or none where one is wrong."""
    from exports.queries.files import import_queries, read_yaml

    by = current_user()
    definitions = read_yaml(_read(file), by.name)
    with warehouse() as connection:
        done = import_queries(connection, definitions, by, now())
    for one in done:
        write_line(f"{one.outcome}: {one.query.query_id} {one.query.title}")
    counts = {
        outcome: sum(one.outcome == outcome for one in done)
        for outcome in ("created", "changed", "unchanged")
    }
    write_line(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), sys.stderr)


def _read(file: str) -> str:
    try:
        return (sys.stdin.buffer.read() if file == STDOUT else Path(file).read_bytes()).decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no text in UTF-8") from None
