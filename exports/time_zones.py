"""Time zones by their names in the IANA database."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from exports.errors import InvalidParameter, close_matches

# Names of the database that are no place's zone.
NOT_ZONES = {"Factory"}


def canonical_time_zone(name: str) -> str:
    """The zone as the IANA database spells it; raises InvalidParameter naming what it may have been."""
    known = _zones()
    if name.strip().casefold() not in known:
        raise InvalidParameter(
            "timezone", f"unknown time zone {name!r}: {close_matches(name, known.values())}"
        )
    return known[name.strip().casefold()]


@cache
def _zones() -> dict[str, str]:
    """Every name by its folded spelling; a system's own names, such as localtime, are none."""
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.casefold(): name for name in names if name not in NOT_ZONES}
