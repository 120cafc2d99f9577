"""What a comparison looks at in one night, and what it found off."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

# A warehouse in which everything is off must not fill the memory with words.
MOST_FINDINGS = 1_000
_EPOCH_ORDINAL = 719_163  # 1970-01-01


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
    findings: list[Finding] = field(default_factory=list[Finding])
    skipped: str = ""

    @property
    def extent(self) -> str:
        """How much was looked at: `1,000 customers (all within 8 nights)`."""
        turn = f" (all within {self.nights} nights)" if self.nights > 1 else ""
        return f"{self.checked:,} {self.unit}{turn}"

    def add(self, key: str, value: object, reason: str) -> None:
        """Note something that is off; beyond the first 1,000 it is only counted."""
        self.found += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(key, "" if value is None else str(value), reason))


@dataclass(frozen=True)
class Rotation:
    """One slice of all keys: `night` of `nights`, chosen by the hash of the key and the date alone.

    Every key falls into exactly one slice, so `nights` dates in a row take each key once.
    """

    nights: int
    night: int

    @classmethod
    def of_date(cls, as_of: datetime, amount: int, bound: int) -> Rotation:
        """The slice of this UTC date, where slices of about `bound` out of `amount` are wanted.

        The number of slices is a power of two: it changes rarely as the amount grows, and then doubles.
        """
        nights = 1
        while nights * bound < amount:
            nights *= 2
        return cls(nights, (as_of.date().toordinal() - _EPOCH_ORDINAL) % nights)

    def takes(self, *key: object) -> bool:
        """Whether the key is in this slice."""
        if self.nights == 1:
            return True
        digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.nights == self.night


EVERYTHING = Rotation(nights=1, night=0)


def missing_relation(error: BaseException | None) -> str | None:
    """The relation that is not there, as people name it, where that is what the error comes from."""
    while error is not None:
        if isinstance(error, psycopg.errors.UndefinedTable):
            named = re.search(r'relation "(?:raw_)?([\w.]+)" does not exist', str(error))
            return named[1] if named else None
        error = error.__cause__
    return None
