"""Makes the bookkeeping of a source before anything is loaded, for what reads it to be made at any time."""

from collections.abc import Iterable

from extract import interrupts
from extract.postgresql import connected, translated
from extract.raw_tables import ensure_bookkeeping


def prepare_sources(sources: Iterable[str], warehouse_url: str) -> None:
    """Has schema, load log, watermarks and rejects of these sources; raises RetryLater or NeverRetry."""
    interrupts.run(_prepare([f"raw_{source}" for source in sources], warehouse_url))


async def _prepare(schemas: list[str], warehouse_url: str) -> None:
    subject = ", ".join(schemas)
    async with connected(warehouse_url, "warehouse", subject) as connection:
        with translated(warehouse_url, "warehouse", subject):
            for schema in schemas:
                await ensure_bookkeeping(connection, schema)
