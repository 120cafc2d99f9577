"""Why a step or a run failed, on one line; what waiting may mend is tried again."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg

_CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# SQLite tells a full disk as either, depending on which of its files did not grow.
_SQLITE_CODES = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_NO_SPACE = "No space left on device"
# PostgreSQL's sqlstate 53100 is a class in each driver; dbt hands on the server's words alone.
_SERVER_SIGNS = ("DiskFull", "53100", _NO_SPACE)
ADVICE = {
    "home": "the disk of SUBDYN_HOME is full; make room there and run this again",
    "warehouse": (
        "the disk of the warehouse is full; make room in its server's data folder"
        " (SUBDYN_HOME/postgres where it is the embedded one) and run this again"
    ),
}

# Metadata of a failure: the source that cannot be loaded, and, on all but the first, the table that says why.
SOURCE = "source that cannot be loaded"
REPORTED_BY = "told by"
RETRIES = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class FullDisk(Exception):
    """A file could not be written for want of room; the message names the folder and what to do."""


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Raise FullDisk, naming the folder, in the place of an error that says its disk is full."""
    try:
        yield
    except Exception as error:
        reason = _reason(error)
        if reason is None:
            raise
        raise FullDisk(
            f"{folder} cannot be written ({reason}{_free(folder)}):"
            " make room on its disk, or point SUBDYN_HOME to another one, and run this again"
        ) from error


def with_advice(reason: str) -> str:
    """The reason of a failed step; one that says a disk is full says what to do, too."""
    if any(sign in reason for sign in ADVICE.values()):
        return reason
    if f"[Errno {errno.ENOSPC}]" in reason:
        return f"{ADVICE['home']}: {reason}"
    if any(sign in reason for sign in _SERVER_SIGNS):
        return f"{ADVICE['warehouse']}: {reason}"
    return reason


def _reason(error: BaseException | None) -> str | None:
    while error is not None:
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_CODES:
            return str(cause)
        if isinstance(cause, OSError) and cause.errno in _CODES:
            return str(cause.strerror)
        error = error.__cause__ or error.__context__
    return None


def _free(folder: Path) -> str:
    with suppress(OSError):
        return f", {shutil.disk_usage(folder).free / 1e6:,.1f} MB free"
    return ""


def again_later(context: dg.AssetExecutionContext) -> dg.RetryRequested:
    """To be raised from what waiting may mend: another attempt after a growing pause, at last a failure.

    Steps are not given the policy itself: Dagster would answer Ctrl-C with another attempt, too.
    """
    return dg.RetryRequested(RETRIES.max_retries, RETRIES.calculate_delay(context.retry_number + 1))


def failures_of(events: Sequence[dg.DagsterEvent]) -> list[str]:
    """What failed in a run, each as `name: reason`: steps and checks, else what ended the run itself."""
    failures = failed_steps(event for event in events if event.is_step_failure)
    evaluations = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    failures += [
        failed_check(evaluation)
        for evaluation in evaluations
        if not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR
    ]
    return failures or [run_failure_reason(event) for event in events if event.is_run_failure]


def failed_steps(failures: Iterable[dg.DagsterEvent]) -> list[str]:
    """Each failed step as `name: reason`; of a source that cannot be loaded one table tells for all."""
    reasons: dict[str, object] = {}
    others: Counter[object] = Counter()
    for event in failures:
        data = event.step_failure_data.user_failure_data
        metadata = data.metadata if data is not None else {}
        source = metadata[SOURCE].value if SOURCE in metadata else None
        if REPORTED_BY in metadata and source in reasons.values():
            others[source] += 1
        else:
            reasons[f"{event.step_key}: {failure_reason(event)}"] = source
    return [
        f"{text} ({others[source]} more of its tables were not loaded)" if others[source] else text
        for text, source in reasons.items()
    ]


def failed_check(evaluation: dg.AssetCheckEvaluation) -> str:
    """A check that did not pass, as `name: reason`."""
    name = f"{evaluation.asset_key.to_user_string()}: check {evaluation.check_name} did not pass"
    return f"{name}: {evaluation.description}" if evaluation.description else name


def failure_reason(event: dg.DagsterEvent) -> str:
    """The reason of a step failure: what the asset said, else the innermost error's message."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return with_advice(_one_line(data.user_failure_data.description))
    return with_advice(_innermost(data.error)) or "no reason given"


def run_failure_reason(event: dg.DagsterEvent) -> str:
    """The reason of a run failure that is no step's: the innermost error's message, else the event's own."""
    return _innermost(event.job_failure_data.error) or _one_line(event.message or "no reason given")


def _innermost(error: Any) -> str:
    """The message of the error at the end of the chain of causes; one of ours without its class."""
    if error is None:
        return ""
    while error.cause is not None:
        error = error.cause
    text = _one_line(error.message)
    return text.partition(": ")[2] if text.startswith("orchestration.") else text


def _one_line(text: str) -> str:
    return " ".join(text.split())
