"""Numbers of days on the command line."""

from __future__ import annotations

import re
from datetime import timedelta

from orchestration.cli.exits import BadInput

# Some 270 years: no calendar ends within it.
MOST_DAYS = 100_000
_DAYS = re.compile(r"(\d{1,9})\s*d?", re.ASCII)


def read_days(text: str, option: str) -> timedelta:
    """A whole number of days, written 90 or 90d, one at least; BadInput names the option."""
    match = _DAYS.fullmatch(text.strip().lower())
    if match is None or not 1 <= int(match[1]) <= MOST_DAYS:
        raise BadInput(f"{option}: {text!r} is no number of days from 1 to {MOST_DAYS}, as 90d")
    return timedelta(days=int(match[1]))
