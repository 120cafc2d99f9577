"""A BSON document as canonical extended JSON, byte by byte, for every type, deprecated ones included.

Slow and exact: `documents` takes the driver's fast way where that loses nothing, and comes here for the rest.
"""

import base64
import struct
from collections.abc import Callable
from json.encoder import encode_basestring as quoted
from typing import Any

from bson.decimal128 import Decimal128


class Unreadable(Exception):
    """The document cannot be stored; the text says why."""


_MOST_LEVELS = 200
_SIZE = struct.Struct("<i")


def document_text(raw: bytes) -> str:
    """The whole document; Unreadable says what is wrong with it."""
    text, end = _document(raw, 0, len(raw), 1)
    if end != len(raw):
        raise Unreadable(f"{len(raw) - end} bytes follow the document's end")
    return text


def element_text(raw: bytes, name: bytes) -> str | None:
    """One top-level element of a document that may be broken elsewhere; None if it cannot be found."""
    try:
        at, end = 4, len(raw)
        while at < end and raw[at] != 0:
            kind = raw[at]
            key_end = raw.index(0, at + 1)
            text, after = _value(kind, raw, key_end + 1, end, 1)
            if raw[at + 1 : key_end] == name:
                return text
            at = after
    except (Unreadable, ValueError, IndexError, struct.error):
        pass
    return None


def _document(raw: bytes, start: int, limit: int, level: int, *, is_array: bool = False) -> tuple[str, int]:
    if level > _MOST_LEVELS:
        raise Unreadable(f"nested deeper than {_MOST_LEVELS} levels")
    size = _int32(raw, start, limit)
    end = start + size
    if size < 5 or end > limit:
        raise Unreadable(f"a document of {size} bytes does not fit where it stands")
    if raw[end - 1] != 0:
        raise Unreadable("a document does not end with a zero byte")
    at, last = start + 4, end - 1
    parts: dict[str, str] = {}
    while at < last:
        kind = raw[at]
        key, value_at = _cstring(raw, at + 1, last)
        value, at = _value(kind, raw, value_at, last, level)
        if is_array:
            key = str(len(parts))
        elif key in parts:
            raise Unreadable(f"the field {key} appears twice")
        parts[key] = value
    if is_array:
        return f"[{','.join(parts.values())}]", end
    return "{" + ",".join(f"{quoted(key)}:{value}" for key, value in parts.items()) + "}", end


def _value(kind: int, raw: bytes, at: int, limit: int, level: int) -> tuple[str, int]:
    if kind == 0x03:
        return _document(raw, at, limit, level + 1)
    if kind == 0x04:
        return _document(raw, at, limit, level + 1, is_array=True)
    if kind == 0x0F:
        return _code_with_scope(raw, at, limit, level)
    read = _READERS.get(kind)
    if read is None:
        raise Unreadable(f"no BSON type has the number 0x{kind:02x}")
    return read(raw, at, limit)


def _taken(raw: bytes, at: int, limit: int, size: int) -> bytes:
    if size < 0 or at + size > limit:
        raise Unreadable("a value does not fit where it stands")
    return raw[at : at + size]


def _int32(raw: bytes, at: int, limit: int) -> int:
    return _SIZE.unpack(_taken(raw, at, limit, 4))[0]


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"a text is not UTF-8: {error.reason} at byte {error.start}") from None


def _cstring(raw: bytes, at: int, limit: int) -> tuple[str, int]:
    end = raw.find(0, at, limit)
    if end < 0:
        raise Unreadable("a name does not end")
    return _utf8(raw[at:end]), end + 1


def _string(raw: bytes, at: int, limit: int) -> tuple[str, int]:
    size = _int32(raw, at, limit)
    if size < 1:
        raise Unreadable(f"a text has the length {size}")
    value = _taken(raw, at + 4, limit, size)
    if value[-1] != 0:
        raise Unreadable("a text does not end with a zero byte")
    return _utf8(value[:-1]), at + 4 + size


def _fixed(
    pattern: str, write: Callable[[tuple[Any, ...]], str]
) -> Callable[[bytes, int, int], tuple[str, int]]:
    packed = struct.Struct(pattern)

    def read(raw: bytes, at: int, limit: int) -> tuple[str, int]:
        return write(packed.unpack(_taken(raw, at, limit, packed.size))), at + packed.size

    return read


def _textual(pattern: str) -> Callable[[bytes, int, int], tuple[str, int]]:
    def read(raw: bytes, at: int, limit: int) -> tuple[str, int]:
        value, end = _string(raw, at, limit)
        return pattern % quoted(value), end

    return read


def double_text(value: float) -> str:
    """`$numberDouble` of a float, NaN and infinities by their names."""
    if value - value == 0:
        return f'{{"$numberDouble":"{value!r}"}}'
    name = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return f'{{"$numberDouble":"{name}"}}'


def _boolean(value: int) -> str:
    if value not in (0, 1):
        raise Unreadable(f"a boolean has the value {value}")
    return "true" if value else "false"


def _binary(raw: bytes, at: int, limit: int) -> tuple[str, int]:
    size = _int32(raw, at, limit)
    (subtype,) = _taken(raw, at + 4, limit, 1)
    value = _taken(raw, at + 5, limit, size)
    if subtype == 2:
        if size < 4 or _int32(value, 0, size) != size - 4:
            raise Unreadable("an old binary value has two lengths that disagree")
        value = value[4:]
    encoded = base64.b64encode(value).decode()
    return f'{{"$binary":{{"base64":"{encoded}","subType":"{subtype:02x}"}}}}', at + 5 + size


def _regular_expression(raw: bytes, at: int, limit: int) -> tuple[str, int]:
    pattern, at = _cstring(raw, at, limit)
    options, at = _cstring(raw, at, limit)
    inner = f'"pattern":{quoted(pattern)},"options":{quoted("".join(sorted(options)))}'
    return f'{{"$regularExpression":{{{inner}}}}}', at


def _db_pointer(raw: bytes, at: int, limit: int) -> tuple[str, int]:
    namespace, at = _string(raw, at, limit)
    oid = _taken(raw, at, limit, 12).hex()
    return f'{{"$dbPointer":{{"$ref":{quoted(namespace)},"$id":{{"$oid":"{oid}"}}}}}}', at + 12


def _code_with_scope(raw: bytes, at: int, limit: int, level: int) -> tuple[str, int]:
    size = _int32(raw, at, limit)
    code, scope_at = _string(raw, at + 4, limit)
    scope, end = _document(raw, scope_at, limit, level + 1)
    if end != at + size:
        raise Unreadable("code with scope has a length that disagrees with its parts")
    return f'{{"$code":{quoted(code)},"$scope":{scope}}}', end


def _timestamp(increment: int, seconds: int) -> str:
    return f'{{"$timestamp":{{"t":{seconds},"i":{increment}}}}}'


_READERS: dict[int, Callable[[bytes, int, int], tuple[str, int]]] = {
    0x01: _fixed("<d", lambda found: double_text(*found)),
    0x02: _textual("%s"),
    0x05: _binary,
    0x06: _fixed("", lambda _: '{"$undefined":true}'),
    0x07: _fixed("12s", lambda found: f'{{"$oid":"{found[0].hex()}"}}'),
    0x08: _fixed("B", lambda found: _boolean(*found)),
    0x09: _fixed("<q", lambda found: f'{{"$date":{{"$numberLong":"{found[0]}"}}}}'),
    0x0A: _fixed("", lambda _: "null"),
    0x0B: _regular_expression,
    0x0C: _db_pointer,
    0x0D: _textual('{"$code":%s}'),
    0x0E: _textual('{"$symbol":%s}'),
    0x10: _fixed("<i", lambda found: f'{{"$numberInt":"{found[0]}"}}'),
    0x11: _fixed("<II", lambda found: _timestamp(*found)),
    0x12: _fixed("<q", lambda found: f'{{"$numberLong":"{found[0]}"}}'),
    0x13: _fixed("16s", lambda found: f'{{"$numberDecimal":"{Decimal128.from_bid(found[0])}"}}'),
    0xFF: _fixed("", lambda _: '{"$minKey":1}'),
    0x7F: _fixed("", lambda _: '{"$maxKey":1}'),
}
