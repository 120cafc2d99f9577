"""The months that are closed, as partitions."""

from datetime import datetime, timedelta

import dagster as dg

# Far enough back for any house; a month before it is closed all the same, together with the first one shown.
CLOSED_MONTHS = dg.MonthlyPartitionsDefinition(start_date="2010-01-01")
# A month waits so long after its end for facts that come late; after that they go to the ledger.
CLOSING_GRACE = timedelta(hours=24)


def last_complete_month(instant: datetime) -> str:
    """The partition key of the month before the instant's own, in UTC."""
    last_day = instant.date().replace(day=1) - timedelta(days=1)
    return last_day.replace(day=1).isoformat()
