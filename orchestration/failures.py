"""Why a step failed, on one line."""

import dagster as dg


def failure_reason(event: dg.DagsterEvent) -> str:
    """The reason of a step failure: what the asset said, else the innermost error's message."""
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return _one_line(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return _one_line(error.message) if error is not None else "no reason given"


def _one_line(text: str) -> str:
    return " ".join(text.split())
