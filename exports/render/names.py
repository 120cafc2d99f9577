"""What tells one result from another, in short: for the names of its files and for lists."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from exports.result import StoredResult

# Parameters by the word that stands before their value.
FILTERS = {
    "client_type": "type",
    "tags": "tag",
    "company_id": "company",
    "owner_user_id": "owner",
    "package_id": "package",
    "subscriber_id": "subscriber",
}
USUAL_ACTIVE_DURATION = 1
USUAL_TIME_ZONE = "UTC"
# Every file system takes these, and names of that length with a folder before and a format behind.
UNSAFE = re.compile(r"[^A-Za-z0-9+]+")
LONGEST_NAME = 150
ID_LENGTH = 12
HASH_LENGTH = 8


def short_id(result_id: str) -> str:
    """The beginning of a result's id, enough to find it again."""
    return result_id[:ID_LENGTH]


def asked_in_short(parameters: Mapping[str, Any]) -> list[str]:
    """Grouping, filters, Active Duration, currency and zone, each in a word or two.

    Left out is what was not asked: no filter, an Active Duration of one month, UTC.
    """
    return list(_parts(parameters))


def file_stem(result: StoredResult) -> str:
    """The name of a result's files without id and format: the same for the same question, safe everywhere.

    A hash tells apart what a safe name cannot: tags of other characters, and what would be too long.
    """
    asked = result.asked_interval
    parts = [result.report, str(asked.from_date), str(asked.to_date), *_parts(result.parameters)]
    stem = "_".join(UNSAFE.sub("-", part).strip("-") for part in parts)
    if len(stem) > LONGEST_NAME or any(UNSAFE.search(tag) for tag in result.parameters.get("tags") or ()):
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:HASH_LENGTH]
        stem = f"{stem[:LONGEST_NAME].rstrip('-_')}_{digest}"
    return stem


def _parts(parameters: Mapping[str, Any]) -> Iterator[str]:
    if parameters.get("group_by"):
        yield "by " + " ".join(parameters["group_by"])
    for name, word in FILTERS.items():
        value = parameters.get(name)
        if value not in (None, [], ()):
            yield f"{word} {' '.join(value) if isinstance(value, (list, tuple)) else value}"
    months = parameters.get("active_duration_months", USUAL_ACTIVE_DURATION)
    if months != USUAL_ACTIVE_DURATION:
        yield f"active {months} months"
    if parameters.get("currency"):
        yield parameters["currency"]
    zone = parameters.get("time_zone", USUAL_TIME_ZONE)
    # "each subscriber's own" is no zone
    if zone != USUAL_TIME_ZONE and " " not in zone:
        yield zone
