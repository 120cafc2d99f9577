"""Why a step or a run failed, on one line."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg

from orchestration.full_disk import with_advice
from orchestration.source_availability import REPORTED_BY, SOURCE


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
