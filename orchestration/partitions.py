"""Partitions that are known from data alone: the months that are closed, and the saved queries.

A month is one as soon as data through has passed its end, a saved query as long as it is not deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import dagster as dg

# Which months there are is known from the platform's data alone, and changes without a reload of the code.
CLOSED_MONTHS = dg.DynamicPartitionsDefinition(name="closed_months")
# The key is the query's number: a title may change, what was delivered under it may not.
SAVED_QUERIES = dg.DynamicPartitionsDefinition(name="saved_queries")


def last_complete_month(instant: datetime) -> str:
    """The month before the instant's own, in UTC, as YYYY-MM."""
    return f"{instant.date().replace(day=1) - timedelta(days=1):%Y-%m}"


def add_months(instance: dg.DagsterInstance, months: Iterable[str]) -> None:
    """Make these months partitions if they are none; partitions stay in order of time."""
    name = str(CLOSED_MONTHS.name)
    known = instance.get_dynamic_partitions(name)
    missing = sorted(set(months) - set(known))
    # What is added comes last, and a range of partitions is what lies between two of them.
    moved = [month for month in known if missing and month > missing[0]]
    for month in moved:
        instance.delete_dynamic_partition(name, month)
    if missing:
        instance.add_dynamic_partitions(name, sorted([*missing, *moved]))


def remove_month(instance: dg.DagsterInstance, month: str) -> None:
    """Take back a partition that turned out to be no month of the data."""
    instance.delete_dynamic_partition(str(CLOSED_MONTHS.name), month)
