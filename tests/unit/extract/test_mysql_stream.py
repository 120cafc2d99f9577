"""Rows read off the wire arrive whole, however the packets are cut."""

import io
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pymysql
import pytest

from extract.mysql_stream import OneColumn

END = b"\xfe\x00\x00\x02\x00"


class _Drip(io.BytesIO):
    """Gives at most `step` bytes at a time, as a slow network would."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(self._step, size if size and size > 0 else self._step))


def read(payloads: Iterable[bytes], step: int) -> tuple[list[bytes], int]:
    """All values and the number of NULLs."""
    rows = OneColumn.__new__(OneColumn)
    stream: Any = rows
    stream._connection = SimpleNamespace(_rfile=_Drip(b"".join(packets(payloads)), step))
    stream._rest, stream._is_over = b"", False
    values, nulls = [], 0
    while (found := rows.lines()) is not None:
        values += found[0]
        nulls += found[1]
    return values, nulls


def packets(payloads: Iterable[bytes]) -> Iterable[bytes]:
    for payload in payloads:
        while True:
            part, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
            yield len(part).to_bytes(3, "little") + b"\x01" + part
            if len(part) < 0xFFFFFF:
                break


def value(data: bytes) -> bytes:
    if len(data) < 0xFB:
        return bytes([len(data)]) + data
    if len(data) < 2**16:
        return b"\xfc" + len(data).to_bytes(2, "little") + data
    if len(data) < 2**24:
        return b"\xfd" + len(data).to_bytes(3, "little") + data
    return b"\xfe" + len(data).to_bytes(8, "little") + data


@pytest.mark.parametrize("step", [1, 3, 7, 100_000])
def test_values_of_any_length_arrive_whole(step: int) -> None:
    data = [b"a" * size for size in (0, 1, 250, 251, 300, 70_000)]
    assert read([*map(value, data), b"\xfb", value(b"last"), END], step) == ([*data, b"last"], 1)


@pytest.mark.parametrize("size", [2**24 - 6, 2**24 - 5, 2**24 - 1, 2**24, 2**25 + 3])
def test_a_value_beyond_one_packet_arrives_whole(size: int) -> None:
    data = [b"before", b"x" * size, b"after"]
    assert read([*map(value, data), END], 2**22) == (data, 0)


def test_an_error_amid_the_rows_is_raised() -> None:
    with pytest.raises(pymysql.MySQLError, match="was killed"):
        read([value(b"row"), b"\xff\x87\x07#70100Connection was killed"], 100)


def test_a_stream_that_ends_early_is_an_error() -> None:
    with pytest.raises(pymysql.OperationalError, match="Lost connection"):
        read([value(b"row")], 100)
