"""Whether a result may go out: its inputs are fresh to the interval's end, and their checks passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from exports.result import StoredResult

MOST_FINDINGS = 5


@dataclass(frozen=True)
class Finding:
    """A check that did not pass: its name, why, and the first rows that it found as lines of text."""

    check: str
    reason: str
    rows: tuple[str, ...] = ()


def withheld_because(
    result: StoredResult, due_at: datetime | None, findings: Sequence[Finding]
) -> str | None:
    """Why the result is withheld, for people: one line, then the failing rows; None where it may go out.

    An interval that is not over when it is asked for has to be fresh to the due time: nobody has more then.
    Without one, asked for by hand, it goes out as far as data reach, which it tells.
    """
    asked = result.asked_interval
    needed = asked.ends_at if asked.ends_at <= result.as_of else due_at
    late = [
        f"{source}'s data through {_instant(through)} does not reach the interval's end, {_instant(needed)}"
        for source, through in sorted(result.data_through.items())
        if needed is not None and through < needed
    ]
    failed = [f"check {finding.check} failed: {finding.reason}" for finding in findings[:MOST_FINDINGS]]
    more = len(findings) - MOST_FINDINGS
    if more > 0:
        failed.append(f"{more} more checks failed")
    if not late and not failed:
        return None
    rows = [f"  {finding.check}: {row}" for finding in findings[:MOST_FINDINGS] for row in finding.rows]
    return "\n".join(["; ".join([*late, *failed]), *rows])


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
