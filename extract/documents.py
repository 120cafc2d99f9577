"""Raw BSON documents into lines of a text COPY: key, document as canonical extended JSON, cursor value.

The driver decodes, and its result is encoded again: only if that gives the same bytes was nothing lost (a
repeated field, a deprecated type) and the fast text is taken. Whatever is left goes through `bson_text`, and
what cannot be stored at all is set aside with its reason.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring as quoted
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.errors import BSONError
from bson.int64 import Int64
from bson.objectid import ObjectId

from extract.bson_text import Unreadable, document_text, double_text, element_text
from extract.result import Rejected

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(
    document_class=dict, tz_aware=False, datetime_conversion=DatetimeConversion.DATETIME_MS
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_LONGEST_KEY = 2_000
_OBJECT_ID = re.compile(r'\{"\$oid":"([0-9a-f]{24})"\}')
_DATE = re.compile(r'\{"\$date":\{"\$numberLong":"(-?\d+)"\}\}')


@dataclass
class DocumentLines:
    """Turns documents into COPY lines; keeps those that cannot be stored and the highest cursor values."""

    cursor: str | None
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    rejected_size: int = 0
    highest_instant: datetime | None = None
    highest_id: str | None = None

    def encode(self, batch: bytes) -> bytes:
        """COPY lines of a batch of concatenated documents."""
        lines: list[str] = []
        for raw in split(batch):
            try:
                lines.append(self._line(raw))
            except (Unreadable, RecursionError) as error:
                self._set_aside(raw, error)
        return "".join(lines).encode()

    def take_rejected(self) -> list[Rejected]:
        """What was set aside since the last call."""
        taken, self.rejected, self.rejected_size = self.rejected, [], 0
        return taken

    def _line(self, raw: bytes) -> str:
        text, key, milliseconds = self._read(raw)
        if "\\u0000" in text and _NUL.search(text):
            raise Unreadable("a text holds a NUL character, which jsonb cannot")
        instant = _instant(milliseconds)
        if instant is not None and (self.highest_instant is None or instant > self.highest_instant):
            self.highest_instant = instant
        if len(key) == 24 and (self.highest_id is None or key > self.highest_id):
            self.highest_id = key
        return f"{_escaped(key)}\t{_escaped(text)}\t{instant.isoformat() if instant else _COPY_NULL}\n"

    def _read(self, raw: bytes) -> tuple[str, str, int | None]:
        try:
            document = bson.decode(raw, _OPTIONS)  # pyright: ignore[reportUnknownMemberType]
            if bson.encode(document) == raw:
                text = _object(document)
                key = document["_id"]
                moved = document.get(self.cursor) if self.cursor else None
                return (
                    text,
                    str(key) if type(key) is ObjectId else _checked_key(_WRITERS[type(key)](key)),
                    int(moved) if type(moved) is DatetimeMS else None,
                )
        except (BSONError, KeyError, OverflowError, ValueError, TypeError, RecursionError):
            pass
        text = document_text(raw)
        key = element_text(raw, b"_id")
        if key is None:
            raise Unreadable("the document has no _id")
        moved = _DATE.fullmatch(element_text(raw, self.cursor.encode()) or "") if self.cursor else None
        return text, _checked_key(_plain_key(key)), int(moved[1]) if moved else None

    def _set_aside(self, raw: bytes, error: Exception) -> None:
        reason = str(error) if isinstance(error, Unreadable) else "nested too deeply"
        key = element_text(raw, b"_id")
        document = _readable(raw)
        self.rejected.append(Rejected(_plain_key(key)[:_LONGEST_KEY] if key else None, reason, document))
        self.rejected_size += len(document)


def split(batch: bytes) -> list[bytes]:
    """The documents of a batch; what follows a length that cannot be is one last, broken document."""
    documents: list[bytes] = []
    at, end = 0, len(batch)
    while at < end:
        size = int.from_bytes(batch[at : at + 4], "little")
        if size < 5 or at + size > end:
            size = end - at
        documents.append(batch[at : at + size])
        at += size
    return documents


_COPY_NULL = "\\N"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\") if "\\" in text else text


def _readable(raw: bytes) -> str:
    try:
        return document_text(raw)
    except (Unreadable, RecursionError):
        return f"bson {raw.hex()}"


def _plain_key(text: str) -> str:
    found = _OBJECT_ID.fullmatch(text)
    return found[1] if found else text


def _checked_key(key: str) -> str:
    if len(key.encode()) > _LONGEST_KEY:
        raise Unreadable(f"its _id is longer than {_LONGEST_KEY} bytes")
    return key


def _instant(milliseconds: int | None) -> datetime | None:
    if milliseconds is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _object(value: dict[str, Any]) -> str:
    return "{" + ",".join([f"{quoted(k)}:{_WRITERS[type(v)](v)}" for k, v in value.items()]) + "}"


def _array(value: list[Any]) -> str:
    return f"[{','.join([_WRITERS[type(v)](v) for v in value])}]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: quoted,
    int: lambda value: f'{{"$numberInt":"{value}"}}' if -(2**31) <= value < 2**31 else _WRITERS[Int64](value),
    Int64: lambda value: f'{{"$numberLong":"{value}"}}',
    float: double_text,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    ObjectId: lambda value: f'{{"$oid":"{value}"}}',
    DatetimeMS: lambda value: f'{{"$date":{{"$numberLong":"{int(value)}"}}}}',
    Decimal128: lambda value: f'{{"$numberDecimal":"{value}"}}',
    dict: _object,
    list: _array,
}
