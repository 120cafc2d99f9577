"""Saved queries as a YAML file that a team keeps in git: written, read, and brought into the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import psycopg
import yaml

from exports.errors import InvalidParameter
from exports.queries.definition import QueryDefinition, SavedQuery, SavedQueryInput
from exports.queries.store import change, find_own, save
from exports.result import GeneratedBy

TOP = "saved_queries"
WIDTH = 100
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Imported:
    """What became of one query of the file: created, changed or unchanged."""

    outcome: str
    query: SavedQuery


def write_yaml(queries: Iterable[QueryDefinition]) -> str:
    """The queries by owner and title; the same queries give the same text."""
    in_order = sorted(queries, key=lambda query: (query.owner, query.title))
    return yaml.safe_dump(
        {TOP: [_as_mapping(query) for query in in_order]}, sort_keys=False, allow_unicode=True, width=WIDTH
    )


def read_yaml(text: str, usual_owner: str) -> list[QueryDefinition]:
    """The queries of such a text, checked; one that names no owner is `usual_owner`'s.

    Raises InvalidParameter for the first thing to mend, naming the query by its place and title.
    """
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidParameter("file", f"the file is no YAML: {' '.join(str(error).split())}") from None
    parts = _mapping_of_names(content) or {}
    queries = parts.get(TOP)
    if set(parts) != {TOP} or not isinstance(queries, list):
        raise InvalidParameter("file", f"the file is not a mapping with one key, {TOP}, that holds a list")
    found: list[QueryDefinition] = []
    places: dict[tuple[str, str], int] = {}
    for number, values in enumerate(cast("list[object]", queries), start=1):
        definition = _read_one(values, usual_owner, f"query {number}")
        key = (definition.owner, definition.title)
        if key in places:
            raise InvalidParameter(
                "title",
                f"query {number} and query {places[key]} are both {definition.owner}'s {definition.title!r}",
            )
        places[key] = number
        found.append(definition)
    return found


def import_queries(
    connection: psycopg.Connection[Any],
    definitions: Sequence[QueryDefinition],
    requested_by: GeneratedBy,
    now: datetime,
) -> list[Imported]:
    """Bring every query of the file into the warehouse, or none; told apart by owner and title.

    Queries that the file does not name stay as they are. Raises InvalidParameter where the requester may not
    change one of them.
    """
    done: list[Imported] = []
    with connection.transaction():
        for definition in definitions:
            known = find_own(connection, definition.owner, definition.title)
            if known is None:
                done.append(Imported("created", save(connection, definition, requested_by, now)))
                continue
            written = change(connection, known.query_id, known.version, definition, requested_by, now)
            outcome = "unchanged" if written.version == known.version else "changed"
            done.append(Imported(outcome, written))
    return done


def _as_mapping(query: QueryDefinition) -> dict[str, Any]:
    schedule = query.schedule
    parts = {
        "title": query.title,
        "owner": query.owner,
        "visibility": query.visibility,
        "company_id": query.company_id,
        "report": query.report,
        "parameters": dict(query.parameters),
        "formats": list(query.formats),
        "chart": None if query.chart is None else dict(query.chart),
        "recipients": list(query.recipients) or None,
        "schedule": None
        if schedule is None
        else {
            "cron": schedule.cron,
            "time_zone": schedule.time_zone,
            "missed": schedule.missed,
            "is_paused": schedule.is_paused,
        },
    }
    return {name: value for name, value in parts.items() if value is not None}


def _read_one(content: object, usual_owner: str, place: str) -> QueryDefinition:
    values = _mapping_of_names(content)
    if values is None:
        raise InvalidParameter("file", f"{place} is not a mapping of names to values")
    title = f" {values['title']!r}" if isinstance(values.get("title"), str) else ""
    try:
        return SavedQueryInput.read({"owner": usual_owner, **values})
    except InvalidParameter as error:
        raise InvalidParameter(error.parameter, f"{place}{title}: {error}") from None


def _mapping_of_names(content: object) -> dict[str, object] | None:
    """The content where it is a mapping whose keys are texts."""
    if not isinstance(content, dict):
        return None
    parts = cast("dict[object, object]", content)
    named = {name: value for name, value in parts.items() if isinstance(name, str)}
    return named if len(named) == len(parts) else None


class _Loader(yaml.SafeLoader):
    """YAML's safe values; a name given twice in one mapping is refused, where YAML would take the last."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    names: list[object] = [
        loader.construct_object(name, deep=True)  # pyright: ignore[reportUnknownMemberType]
        for name, _ in pairs
        if name.tag != MERGE
    ]
    for name in names:
        if names.count(name) > 1:
            raise yaml.constructor.ConstructorError(
                None, None, f"{name!r} is given more than once", node.start_mark
            )
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
