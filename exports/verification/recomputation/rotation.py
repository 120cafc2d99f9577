"""Which keys a night recomputes, so that all have had their turn after a known number of nights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

_EPOCH_ORDINAL = 719_163  # 1970-01-01


@dataclass(frozen=True)
class Rotation:
    """One slice of all keys: `night` of `nights`, told by the hash of the key and the date alone.

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
