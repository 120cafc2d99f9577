"""How far a running COPY has come, asked of the warehouse beside it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from extract.errors import ExtractionError
from extract.postgresql import Connection, connected, fetch_value

_EVERY_SECONDS = 2.0


@asynccontextmanager
async def reported(
    warehouse_url: str, connection: Connection, before: int, report: Callable[[int], None] | None
) -> AsyncGenerator[None]:
    """Calls `report` with `before` plus the rows copied so far, every two seconds of the block."""
    if report is None:
        yield
        return
    watching = asyncio.create_task(_watch(warehouse_url, connection.get_server_pid(), before, report))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(warehouse_url: str, pid: int, before: int, report: Callable[[int], None]) -> None:
    await asyncio.sleep(_EVERY_SECONDS)
    # progress is a courtesy: without it the load goes on
    with suppress(ExtractionError):
        async with connected(warehouse_url, "warehouse", "progress") as beside:
            while True:
                query = "select tuples_processed from pg_stat_progress_copy where pid = $1"
                if (rows := await fetch_value(beside, query, pid)) is not None:
                    report(before + rows)
                await asyncio.sleep(_EVERY_SECONDS)
