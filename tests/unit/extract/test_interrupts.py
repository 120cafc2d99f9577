import asyncio

import pytest

from extract import interrupts


class Interrupted(BaseException):
    """As Dagster's: neither an Exception nor KeyboardInterrupt."""


def interrupt() -> None:
    raise Interrupted


def test_an_interrupt_that_comes_in_a_callback_of_the_loop_ends_the_work() -> None:
    async def wait_for_ever() -> None:
        asyncio.get_running_loop().call_soon(interrupt)
        await asyncio.sleep(60)

    with pytest.raises(Interrupted):
        interrupts.run(asyncio.wait_for(wait_for_ever(), 10))


def test_an_interrupt_is_not_lost_behind_the_error_that_it_causes() -> None:
    async def break_off() -> None:
        asyncio.get_running_loop().call_soon(interrupt)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ConnectionError from None

    with pytest.raises(Interrupted):
        interrupts.run(asyncio.wait_for(break_off(), 10))


def test_without_an_interrupt_there_is_the_result_or_the_error() -> None:
    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise ValueError("no")

    assert interrupts.run(answer()) == 42
    with pytest.raises(ValueError, match="no"):
        interrupts.run(fail())
