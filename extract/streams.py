"""A bounded hand-over between whoever reads and whoever writes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

_WAITING_CHUNKS = 16
Put = Callable[[bytes], Coroutine[Any, Any, None]]


@asynccontextmanager
async def streamed(
    produce: Callable[[Put], Awaitable[object]],
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """Runs `produce(put)` beside the block; the block gets what was put, and the producer's error."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_CHUNKS)

    async def run() -> None:
        try:
            await produce(queue.put)
        finally:
            await queue.put(None)

    task = asyncio.create_task(run())

    async def chunks() -> AsyncIterator[bytes]:
        while (chunk := await queue.get()) is not None:
            yield chunk
        await task

    try:
        yield chunks()
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
