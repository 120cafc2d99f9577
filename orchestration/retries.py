"""Steps that waiting may mend are tried again; one that was interrupted is not."""

from __future__ import annotations

import dagster as dg

RETRIES = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def again_later(context: dg.AssetExecutionContext) -> dg.RetryRequested:
    """To be raised from what waiting may mend: another attempt after a growing pause, at last a failure.

    Steps are not given the policy itself: Dagster would answer Ctrl-C with another attempt, too.
    """
    return dg.RetryRequested(RETRIES.max_retries, RETRIES.calculate_delay(context.retry_number + 1))
