"""Partitions that are known from data alone: the months that are closed, and the saved queries.

A month is one as soon as data through has passed its end, a saved query as long as it is not deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import psycopg
from psycopg.rows import class_row

from exports.snapshot import statement
from orchestration.settings import Settings

# Which months there are is known from the platform's data alone, and changes without a reload of the code.
CLOSED_MONTHS = dg.DynamicPartitionsDefinition(name="closed_months")
# The key is the query's number: a title may change, what was delivered under it may not.
SAVED_QUERIES = dg.DynamicPartitionsDefinition(name="saved_queries")

CLOSED = dg.AssetKey(["closed", "subscriber_metrics_monthly"])


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


@dataclass(frozen=True)
class Month:
    """A month that is over, somewhere at least: its subscribers' months and how many of them are closed."""

    month: date
    subscriber_months: int
    closed_subscriber_months: int
    closed_at: datetime | None
    ends_at: datetime
    data_through_at: datetime

    @property
    def key(self) -> str:
        """The month's partition, as YYYY-MM."""
        return f"{self.month:%Y-%m}"

    @property
    def is_closed(self) -> bool:
        """Whether it is closed for all of its subscribers."""
        return self.closed_subscriber_months == self.subscriber_months

    @property
    def metadata(self) -> dict[str, dg.MetadataValue]:
        """What the UI shows of a closed month."""
        shown: dict[str, dg.MetadataValue] = {"subscribers": dg.MetadataValue.int(self.subscriber_months)}
        if self.closed_at is not None:
            shown["closed at"] = dg.MetadataValue.timestamp(self.closed_at)
        return shown

    def materialization(self) -> dg.AssetMaterialization:
        """What tells Dagster that the month is closed."""
        return dg.AssetMaterialization(CLOSED, partition=self.key, metadata=self.metadata)


def read_months(settings: Settings) -> tuple[Month, ...]:
    """Every month of the platform's data that is over, in order; none in a warehouse that is not built."""
    try:
        with (
            psycopg.connect(settings.warehouse(), connect_timeout=10) as connection,
            connection.cursor(row_factory=class_row(Month)) as cursor,
        ):
            return tuple(cursor.execute(statement("orchestration.sql", "closed_months")).fetchall())
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return ()


def unknown_to_dagster(instance: dg.DagsterInstance, months: Iterable[Month]) -> list[Month]:
    """The closed months that Dagster does not show: those that another home or release closed."""
    shown = instance.get_materialized_partitions(CLOSED)
    return [month for month in months if month.is_closed and month.key not in shown]


def why_not_closed(key: str, months: Sequence[Month], grace: timedelta) -> str:
    """Why this month is not closed after a run that was to close it, on one line.

    A month may be closed once data through has passed its end by `grace`.
    """
    for month in months:
        if month.key == key:
            open_months = month.subscriber_months - month.closed_subscriber_months
            return (
                f"{key} is not closed for {open_months} of {month.subscriber_months} subscribers:"
                f" it may be once data through, now {_shown(month.data_through_at)}, has passed"
                f" {_shown(month.ends_at + grace)}"
            )
    if not months:
        return f"{key} is not closed: the platform has no month that is over"
    if key < months[0].key:
        return f"{key} is not closed: the platform's data begins with {months[0].key}"
    return f"{key} is not closed: data through is {_shown(months[-1].data_through_at)}, before its end"


def _shown(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
