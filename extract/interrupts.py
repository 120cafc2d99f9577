"""Runs a load so that an interrupt ends it wherever it comes."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """The coroutine's result, as asyncio.run gives it; an interrupt ends it and is raised again.

    A signal's handler may raise while the event loop writes or calls back. There asyncio lets go only
    KeyboardInterrupt and SystemExit: another interrupt, Dagster's say, would be logged and forgotten.
    """
    interrupts: list[BaseException] = []

    async def watched() -> Result:
        task = asyncio.current_task()

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if error is None or isinstance(error, (Exception, asyncio.CancelledError)):
                loop.default_exception_handler(context)
                return
            interrupts.append(error)
            if task is not None:
                task.cancel()

        asyncio.get_running_loop().set_exception_handler(handle)
        return await main

    try:
        result = asyncio.run(watched())
    except BaseException:
        # what broke off when the interrupt came says less than the interrupt
        if interrupts:
            raise interrupts[0] from None
        raise
    if interrupts:
        raise interrupts[0]
    return result
