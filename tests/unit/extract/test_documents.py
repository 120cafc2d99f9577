"""Every BSON type becomes canonical extended JSON without loss, or is set aside with its reason."""

import json
from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson.binary import Binary
from bson.code import Code
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.objectid import ObjectId
from bson.regex import Regex
from bson.timestamp import Timestamp
from hypothesis import given
from hypothesis import strategies as some

from extract.bson_text import document_text
from extract.documents import DocumentLines, split
from tests.support.public_data import bson_corpus

KEY = ObjectId("5f5f5f5f5f5f5f5f5f5f5f5f")


def encoded(
    document: dict[str, Any], cursor: str | None = "updated_at"
) -> tuple[DocumentLines, list[list[str]]]:
    """The lines of one document, their COPY escapes undone."""
    lines = DocumentLines(cursor)
    return lines, fields(lines.encode(bson.encode(document)))


def fields(copied: bytes) -> list[list[str]]:
    return [line.replace("\\\\", "\\").split("\t") for line in copied.decode().split("\n") if line]


def test_every_valid_corpus_document_keeps_its_canonical_form() -> None:
    valid = bson_corpus("valid")
    assert len(valid) == 728
    for case in valid:
        found = json.loads(document_text(bytes.fromhex(case["canonical_bson"])))
        assert _comparable(found) == _comparable(json.loads(case["canonical_extjson"])), case["description"]


def test_every_valid_corpus_document_becomes_a_line_or_a_reason() -> None:
    for case in bson_corpus("valid"):
        raw = bytes.fromhex(case["canonical_bson"])
        body = raw[4:-1]
        whole = b"\x07_id\x00" + KEY.binary + body
        whole = (len(whole) + 5).to_bytes(4, "little") + whole + b"\x00"
        lines = DocumentLines(None)
        written = fields(lines.encode(whole))
        assert len(written) + len(lines.rejected) == 1
        if written:
            found = json.loads(written[0][1])
            assert found.pop("_id") == {"$oid": str(KEY)}
            expected = json.loads(case["canonical_extjson"])
            if "_id" not in expected:
                assert _comparable(found) == _comparable(expected), case["description"]
        else:
            assert lines.rejected[0].reason
            assert "\\u0000" in lines.rejected[0].document or "twice" in lines.rejected[0].reason


def test_every_undecodable_corpus_document_is_set_aside_with_a_reason() -> None:
    undecodable = bson_corpus("decodeErrors")
    assert len(undecodable) == 75
    for case in undecodable:
        raw = bytes.fromhex(case["bson"])
        lines = DocumentLines(None)
        assert lines.encode(raw) == b""
        assert lines.rejected, case["description"]
        assert all(one.reason and "\n" not in one.reason for one in lines.rejected)


def test_an_undecodable_document_leaves_its_neighbours_alone() -> None:
    good = bson.encode({"_id": KEY, "a": "fine"})
    bad = good.replace(b"fine", b"f\xffne")
    lines = DocumentLines(None)
    assert len(fields(lines.encode(good + bad + good))) == 2
    assert [(one.key, one.reason) for one in lines.rejected] == [
        (str(KEY), "a text is not UTF-8: invalid start byte at byte 1")
    ]
    assert bytes.fromhex(lines.rejected[0].document.removeprefix("bson ")) == bad


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal128("1.10"), '{"$numberDecimal":"1.10"}'),
        (Decimal128("NaN"), '{"$numberDecimal":"NaN"}'),
        (float("nan"), '{"$numberDouble":"NaN"}'),
        (float("-inf"), '{"$numberDouble":"-Infinity"}'),
        (-0.0, '{"$numberDouble":"-0.0"}'),
        (0.1, '{"$numberDouble":"0.1"}'),
        (5, '{"$numberInt":"5"}'),
        (2**40, '{"$numberLong":"1099511627776"}'),
        (Int64(5), '{"$numberLong":"5"}'),
        (DatetimeMS(-(2**62)), '{"$date":{"$numberLong":"-4611686018427387904"}}'),
        (True, "true"),
        (None, "null"),
        (Binary(b"x", 5), '{"$binary":{"base64":"eA==","subType":"05"}}'),
        (Code("f", {"a": 1}), '{"$code":"f","$scope":{"a":{"$numberInt":"1"}}}'),
        (Regex("a", "mi"), '{"$regularExpression":{"pattern":"a","options":"im"}}'),
        (Timestamp(7, 8), '{"$timestamp":{"t":7,"i":8}}'),
        (MinKey(), '{"$minKey":1}'),
        (MaxKey(), '{"$maxKey":1}'),
        ('back\\slash "quote" \t\n漢🎉', json.dumps('back\\slash "quote" \t\n漢🎉', ensure_ascii=False)),
        ("\\u0000 is no NUL", '"\\\\u0000 is no NUL"'),
        ([[], {}, [1]], '[[],{},[{"$numberInt":"1"}]]'),
    ],
)
def test_a_value_keeps_its_type_and_digits(value: object, text: str) -> None:
    _, written = encoded({"_id": KEY, "v": value})
    assert written == [[str(KEY), f'{{"_id":{{"$oid":"{KEY}"}},"v":{text}}}', "\\N"]]


@pytest.mark.parametrize("place", [{"v": "a\0b"}, {"deep": [{"v": "\\\0"}]}])
def test_a_nul_character_sets_the_document_aside_with_its_text_escaped(place: dict[str, object]) -> None:
    lines, written = encoded({"_id": KEY, **place})
    assert written == []
    assert lines.rejected[0].reason == "a text holds a NUL character, which jsonb cannot"
    assert "\\u0000" in lines.rejected[0].document


def test_a_repeated_field_is_set_aside_not_dropped() -> None:
    once = b"\x10a\x00\x01\x00\x00\x00"
    body = b"\x07_id\x00" + KEY.binary + once + once
    lines = DocumentLines(None)
    assert lines.encode((len(body) + 5).to_bytes(4, "little") + body + b"\x00") == b""
    assert lines.rejected[0].reason == "the field a appears twice"


def test_a_deep_document_is_stored_and_a_bottomless_one_set_aside() -> None:
    def nested(levels: int) -> bytes:
        inner = b"\x05\x00\x00\x00\x00"
        for _ in range(levels):
            inner = (len(inner) + 8).to_bytes(4, "little") + b"\x03a\x00" + inner + b"\x00"
        body = b"\x07_id\x00" + KEY.binary + b"\x03a\x00" + inner
        return (len(body) + 5).to_bytes(4, "little") + body + b"\x00"

    lines = DocumentLines(None)
    assert len(fields(lines.encode(nested(99)))) == 1
    assert fields(lines.encode(nested(20_000))) == []
    assert "nested" in lines.rejected[0].reason


def test_keys_of_different_types_never_collide() -> None:
    keys = [KEY, str(KEY), 5, Int64(5), 5.0, "5", '{"$numberInt":"5"}', None, True, {"a": 1}, Decimal128("5")]
    written = [encoded({"_id": key})[1][0][0] for key in keys]
    assert len(set(written)) == len(keys)
    assert written[0] == str(KEY)


def test_a_document_without_a_key_or_with_an_endless_one_is_set_aside() -> None:
    assert encoded({"a": 1})[0].rejected[0].reason == "the document has no _id"
    assert "longer than" in encoded({"_id": "x" * 5000})[0].rejected[0].reason


def test_the_cursor_is_a_date_or_nothing() -> None:
    instant = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    lines, written = encoded({"_id": KEY, "updated_at": instant})
    assert written[0][2] == "2026-01-02T03:04:05.678000+00:00"
    assert (lines.highest_instant, lines.highest_id) == (instant, str(KEY))
    for other in ("2026-01-02", 5, None, DatetimeMS(2**60), {"$date": 1}):
        lines, written = encoded({"_id": KEY, "updated_at": other})
        assert (written[0][2], lines.highest_instant) == ("\\N", None)


def test_a_batch_whose_lengths_break_off_loses_nothing() -> None:
    whole = bson.encode({"_id": KEY})
    assert split(whole + whole[:9]) == [whole, whole[:9]]
    assert split(whole + b"\x00\x00\x00\x00rest") == [whole, b"\x00\x00\x00\x00rest"]


@given(
    some.recursive(
        some.none()
        | some.booleans()
        | some.integers(-(2**63), 2**63 - 1)
        | some.floats()
        | some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"))
        | some.binary()
        | some.datetimes(timezones=some.just(UTC)),
        lambda inner: (
            some.lists(inner, max_size=3)
            | some.dictionaries(some.text("abc.$é\\", max_size=3), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_the_fast_way_and_the_exact_way_agree(value: object) -> None:
    raw = bson.encode({"_id": KEY, "v": value})
    lines = DocumentLines(None)
    written = fields(lines.encode(raw))
    assert written[0][1] == document_text(raw)


@given(some.binary(max_size=60))
def test_no_bytes_stop_the_load(raw: bytes) -> None:
    lines = DocumentLines("updated_at")
    written = fields(lines.encode(raw))
    assert len(written) + len(lines.rejected) == len(split(raw))


def _comparable(value: object) -> object:
    if isinstance(value, dict):
        if value.keys() == {"$numberDouble"}:
            return ("double", repr(float(value["$numberDouble"])))
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_comparable(inner) for inner in value]
    return value
