"""How many rows a source holds now, and how many of them moved since an instant; for checks only."""

from dataclasses import dataclass
from datetime import datetime

from extract import interrupts
from extract.load import table_reader
from extract.mongo_reader import mongo_reader
from extract.specification import SourceCollection, SourceTable
from extract.waits import DEFAULT_WAITS, Waits


@dataclass(frozen=True)
class SourceCount:
    """Rows in the source, and those among them that are newer than what was asked about."""

    rows: int
    newer: int


def count_source(
    specification: SourceTable | SourceCollection,
    url: str,
    since: datetime,
    highest_id: int | None = None,
    waits: Waits = DEFAULT_WAITS,
) -> SourceCount:
    """Rows of a table or collection, and those newer than `since`, or than `highest_id` where ids only grow.

    Raises RetryLater or NeverRetry.
    """
    if isinstance(specification, SourceCollection):
        return interrupts.run(_count_documents(specification, url, since, waits))
    above = None if specification.cursor is None else since
    if specification.append_only:
        above = highest_id or 0
    return interrupts.run(_count_rows(specification, url, above, waits))


async def _count_rows(
    table: SourceTable, url: str, above: datetime | int | None, waits: Waits
) -> SourceCount:
    async with table_reader(table, url, waits) as reader:
        return SourceCount(*await reader.count(above))


async def _count_documents(
    collection: SourceCollection, url: str, since: datetime, waits: Waits
) -> SourceCount:
    async with mongo_reader(collection, url, waits) as reader:
        return SourceCount(*await reader.count(since))
