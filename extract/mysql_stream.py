"""The rows of a one-column query, read straight off the wire.

The driver's own cursor spends five times as long on each row, and connectorx keeps whatever is not yet
consumed in memory without bound. This relies on attributes of PyMySQL that are not public: the connection's
buffered file, its socket with the time-outs, and its current result.
"""

from struct import Struct
from typing import Any

import pymysql
from pymysql.cursors import SSCursor
from pymysql.err import raise_mysql_exception

_BYTES_AT_ONCE = 512 * 1024
_HEADER = Struct("<I")
_WHOLE_PACKET = 0xFFFFFF
_NULL, _END, _ERROR = 0xFB, 0xFE, 0xFF
_LENGTH_BYTES = {0xFC: 3, 0xFD: 4, 0xFE: 9}


def set_patience(connection: Any, seconds: float) -> None:
    """How long each read of the connection may take from now on; the driver knows but one for always."""
    connection._read_timeout = seconds


class OneColumn:
    """An unbuffered query of one column, begun; `lines` gives its values chunk by chunk, and blocks."""

    def __init__(self, connection: Any, query: str, arguments: tuple[object, ...]) -> None:
        self._connection = connection
        cursor: Any = SSCursor(connection)
        cursor.execute(query, arguments)
        # the rows are ours from here on: cursor and result would read them all when they are freed
        connection._result.unbuffered_active = False
        connection._result = cursor._result = None
        self._rest = b""
        self._is_over = False

    def set_patience(self, seconds: float) -> None:
        """How long `lines` may wait from now on; the connection's next query waits as before."""
        self._connection._sock.settimeout(seconds)
        self._connection._current_timeout = seconds

    def lines(self) -> tuple[list[bytes], int] | None:
        """The next values that are not NULL, and how many were; None at the end."""
        if self._is_over:
            return None
        values: list[bytes] = []
        nulls = 0
        buffer = self._rest + self._received(_BYTES_AT_ONCE)
        at, end = 0, len(buffer)
        unpack, add = _HEADER.unpack_from, values.append
        while end - at >= 5:
            size = unpack(buffer, at)[0] & _WHOLE_PACKET
            after = at + 4 + size
            if after > end:
                break
            first = buffer[at + 4]
            if first < _NULL and size < _WHOLE_PACKET:
                add(buffer[at + 5 : after])
            elif first == _NULL:
                nulls += 1
            elif first == _ERROR:
                self._is_over = True
                raise_mysql_exception(buffer[at + 4 : after])
            elif first == _END and size < 9:
                self._is_over = True
                break
            elif size < _WHOLE_PACKET:
                add(buffer[at + 4 + _LENGTH_BYTES[first] : after])
            else:
                value, buffer = self._large(buffer[at:])
                add(value)
                after, end = 0, len(buffer)
            at = after
        self._rest = buffer[at:]
        return values, nulls

    def _large(self, buffer: bytes) -> tuple[bytes, bytes]:
        """A value that spans packets of 16 MB each, and what follows it."""
        payload: list[bytes] = []
        while True:
            size = _HEADER.unpack_from(buffer)[0] & _WHOLE_PACKET
            while len(buffer) < 4 + size + 4:
                buffer += self._received(_WHOLE_PACKET)
            payload.append(buffer[4 : 4 + size])
            buffer = buffer[4 + size :]
            if size < _WHOLE_PACKET:
                whole = b"".join(payload)
                return whole[_LENGTH_BYTES[whole[0]] :], buffer

    def _received(self, most: int) -> bytes:
        data = self._connection._rfile.read1(most)
        if not data:
            raise pymysql.OperationalError(2013, "Lost connection to MySQL server during query")
        return data
