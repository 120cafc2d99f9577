"""What a comparison looked at and what it found off."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import psycopg

# A warehouse in which everything is off must not fill the memory with words.
KEPT = 1_000


@dataclass(frozen=True)
class Finding:
    """Something that is off: whose it is, the value that stands there (may be empty), and why it is wrong."""

    key: str
    value: str
    reason: str

    def __str__(self) -> str:
        """The finding on one line."""
        return ": ".join(part for part in (self.key, self.value, self.reason) if part)


@dataclass
class Comparison:
    """One comparison: what it is called, how many of what it looked at, and what is off.

    `nights` is in how many nights all have their turn; 1 where all were looked at. `skipped` says why nothing
    was looked at, where that is no fault.
    """

    name: str
    unit: str
    checked: int = 0
    nights: int = 1
    found: int = 0
    findings: list[Finding] = field(default_factory=list)
    skipped: str = ""

    @property
    def extent(self) -> str:
        """How much was looked at: `1,000 customers (all within 8 nights)`."""
        turn = f" (all within {self.nights} nights)" if self.nights > 1 else ""
        return f"{self.checked:,} {self.unit}{turn}"

    def add(self, key: str, value: object, reason: str) -> None:
        """Note something that is off; beyond the first 1,000 it is only counted."""
        self.found += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(key, "" if value is None else str(value), reason))


def missing_relation(error: BaseException | None) -> str | None:
    """The relation that is not there, as people name it, where that is what the error comes from."""
    while error is not None:
        if isinstance(error, psycopg.errors.UndefinedTable):
            named = re.search(r'relation "(?:raw_)?([\w.]+)" does not exist', str(error))
            return named[1] if named else None
        error = error.__cause__
    return None
