"""What can go wrong with a report; every message is one line that names what to mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

MOST_LISTED = 40
LONGEST_LIST = 600


class ReportError(Exception):
    """Base of all errors of this package: a failure, not the requester's fault."""


class InvalidParameter(ReportError):
    """The requester's input cannot be used; `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class NotFound(ReportError):
    """Nothing is stored under the name or id asked for."""


class ChangedMeanwhile(ReportError):
    """Somebody else changed it since it was loaded; nothing was written."""


class NotReady(ReportError):
    """The warehouse does not yet hold what the report reads: the `reason`, and what mends it as a rule."""

    def __init__(self, reason: str, remedy: str = "run: subdyn run nightly") -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason


class MissingRate(ReportError):
    """An amount other than zero cannot be converted; names the currencies and the date."""

    def __init__(self, from_currency: str, to_currency: str, on_date: date, others: int = 0) -> None:
        more = f" ({others} more missing)" if others else ""
        super().__init__(
            f"no exchange rate from {from_currency} to {to_currency} on or before {on_date}{more}; "
            f"add it to exchange_rates or ask for another currency"
        )
        self.from_currency = from_currency
        self.to_currency = to_currency
        self.on_date = on_date


def one_line(text: object) -> str:
    """The text, or the message of an error, on one line."""
    return " ".join(str(text).split())


def minute_text(instant: datetime) -> str:
    """The instant in UTC, to the minute, as messages name it."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def close_matches(word: str, known: Iterable[str], shown: int = 3) -> str:
    """What the word may have meant: close matches, else what is known, as far as a line can tell it."""
    names = sorted(set(known))
    by_folded = {name.casefold(): name for name in names}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=shown, cutoff=0.6)
    if matches:
        return "did you mean " + ", ".join(by_folded[match] for match in matches) + "?"
    return listed(names)


def close_ids(asked: int, names: Mapping[int, str], shown: int = 3) -> str:
    """What the id may have been, with names: all that are known where a line can tell them, else the like."""
    labels = {str(id_): f"{id_} {names[id_]}" for id_ in sorted(names)}
    if len(labels) > MOST_LISTED:
        matches = difflib.get_close_matches(str(asked), labels, n=shown, cutoff=0.6)
        if matches:
            return "did you mean " + ", ".join(labels[match] for match in matches) + "?"
    return listed(labels.values())


def listed(names: Iterable[str]) -> str:
    """The names in their order, up to 40 or 600 characters, and how many more there are."""
    known = list(names)
    if not known:
        return "there is none"
    labels: list[str] = []
    for name in known:
        if len(labels) == MOST_LISTED or (labels and len(", ".join((*labels, name))) > LONGEST_LIST):
            return f"{len(known)} are known: {', '.join(labels)} and {len(known) - len(labels)} more"
        labels.append(name)
    return "known: " + ", ".join(labels)
