"""Which stored month starts the states of a list of period ends are read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# No zone lies further east; local midnight of a month's first day comes at most this long before the UTC
# month.
EASTERNMOST = timedelta(hours=15)
MOST_ENDS_READ_ONE_BY_ONE = 2


def month_start(instant: datetime) -> datetime:
    """The start of the UTC month an instant lies in."""
    return instant.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def nearest_checkpoint(end: datetime, data_through: datetime) -> datetime:
    """Where to read an end's states from: the month start shortly after it if known, else the one before."""
    before = month_start(end)
    after = month_start(before + timedelta(days=32))
    return after if after - end <= EASTERNMOST and after <= data_through else before


@dataclass(frozen=True)
class Way:
    """A .sql file of customer states, the one that groups them, and whether to take the groups off again."""

    states: str
    groups: str = "groups_of_ends"
    is_taken_off: bool = False


WALK = (Way("walk_from_checkpoint", "groups_of_ranges"), Way("walk_of_changes", "groups_of_ranges"))


def ways_to_states(ends: Sequence[datetime], checkpoints: Sequence[datetime]) -> tuple[Way, ...]:
    """The ways that together give the states at those ends, read from those checkpoints.

    Where a month holds many ends, every change is read once; else each end is read by itself.
    """
    if max(Counter(month_start(end) for end in ends).values()) > MOST_ENDS_READ_ONE_BY_ONE:
        return WALK
    pairs = list(zip(ends, checkpoints, strict=True))
    ways = [Way("states_at_checkpoint")]
    if any(checkpoint < end for end, checkpoint in pairs):
        ways.append(Way("states_since_checkpoint"))
    if any(checkpoint > end for end, checkpoint in pairs):
        ways += [Way("states_after_end", is_taken_off=True), Way("states_replaced_after_end")]
    return tuple(ways)
