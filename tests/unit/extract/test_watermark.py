"""Where a load starts, that its watermark hides no row, and that an interrupt ends it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from extract import interrupts, watermark
from extract.errors import NeverRetry
from extract.sources import billing, platform

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
CUSTOMERS = next(table for table in billing.TABLES if table.name == "customers")
TAGS = next(table for table in billing.TABLES if table.name == "customer_tags")
CHANGES = next(table for table in platform.TABLES if table.name == "user_changes")


def test_a_load_starts_the_lag_below_the_watermark() -> None:
    assert watermark.since(CUSTOMERS, "2026-01-01T00:10:00+00:00") == datetime(2026, 1, 1, tzinfo=UTC)
    assert watermark.since(CHANGES, "10500") == 500
    assert watermark.since(CHANGES, "7") == 0


def test_without_watermark_or_cursor_everything_is_read() -> None:
    assert watermark.since(CUSTOMERS, None) is None
    assert watermark.since(TAGS, "anything") is None


def test_a_watermark_never_moves_back_nor_beyond_the_run() -> None:
    stored = watermark.write_instant(AS_OF - timedelta(days=1))
    assert watermark.advanced(CUSTOMERS, stored, AS_OF - timedelta(days=2), AS_OF) == stored
    assert watermark.advanced(CUSTOMERS, stored, AS_OF + timedelta(days=2), AS_OF) == watermark.write_instant(
        AS_OF
    )
    assert watermark.advanced(CUSTOMERS, stored, None, AS_OF) == stored
    assert watermark.advanced(CHANGES, "9", 3, AS_OF) == "9"
    assert watermark.advanced(CHANGES, None, 3, AS_OF) == "3"
    assert watermark.advanced(TAGS, None, None, AS_OF) is None


def test_the_lag_stops_at_the_first_instant_there_is() -> None:
    first = datetime.min.replace(tzinfo=UTC)
    assert watermark.earlier(first + timedelta(seconds=1), timedelta(minutes=10)) == first


def test_an_unreadable_watermark_is_named() -> None:
    with pytest.raises(NeverRetry, match=r"billing\.customers: the stored watermark 'soon'"):
        watermark.since(CUSTOMERS, "soon")


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
