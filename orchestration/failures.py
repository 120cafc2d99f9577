"""Why a step or a run failed, on one line."""

from typing import Any

import dagster as dg


def failure_reason(event: dg.DagsterEvent) -> str:
    """The reason of a step failure: what the asset said, else the innermost error's message."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return _one_line(data.user_failure_data.description)
    return _innermost(data.error) or "no reason given"


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
