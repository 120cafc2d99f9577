"""What dagster-dbt's invocation leaves open: a quiet terminal, and errors on one line."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

from dagster_dbt import DbtCliInvocation

from orchestration.child_process import PATIENCE_SECONDS

_BEFORE_ERRORS = "Errors parsed from dbt logs:"


def events_of(invocation: DbtCliInvocation) -> Iterator[Any]:
    """Dagster's events as dbt's come; what dagster-dbt prints of each, and dbt's log has, goes nowhere."""
    invocation.termination_timeout_seconds = PATIENCE_SECONDS
    events = invocation.stream()
    while True:
        with redirect_stdout(io.StringIO()):
            try:
                event = next(events)
            except StopIteration:
                return
            except subprocess.TimeoutExpired as error:
                # an interrupt that dbt did not heed in time; it is killed at the end of the step
                raise error.__context__ or error from None
        yield event


def errors_of(invocation: DbtCliInvocation) -> str:
    """What dbt said before it gave up, on one line; after its end."""
    error = invocation.get_error()
    text = getattr(error, "description", None) or str(error)
    return one_line(text.rpartition(_BEFORE_ERRORS)[2])


def one_line(text: object) -> str:
    """The text without line ends."""
    return " ".join(str(text).split())
