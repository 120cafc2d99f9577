"""What loads and sweeps of MongoDB collections promise, over the wire."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from bson import ObjectId
from bson.int64 import Int64
from pymongo import MongoClient
from pymongo.database import Database

from extract.errors import NeverRetry, RetryLater
from extract.load import load_collection
from extract.result import LoadResult
from extract.sources.middleware import COLLECTIONS
from extract.sweep import sweep_collection
from tests.support.public_data import valid_documents
from tests.support.sql_source import raw

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
SESSIONS, ACTIVITY, STATISTICS = COLLECTIONS


class Operator:
    """The middleware's database and the warehouse it is loaded into."""

    def __init__(self, url: str, warehouse: str, database: Database[dict[str, Any]]) -> None:
        self.url, self.warehouse, self.database = url, warehouse, database

    def load(self, collection=SESSIONS, as_of: datetime = AS_OF) -> LoadResult:
        """Load what moved."""
        return load_collection(collection, self.url, self.warehouse, as_of)

    def sweep(self, collection=SESSIONS, as_of: datetime = AS_OF) -> LoadResult:
        """Compare whole."""
        return sweep_collection(collection, self.url, self.warehouse, as_of)

    def documents(self, collection=SESSIONS) -> dict[str, Any]:
        """The raw documents that are not marked deleted, by key."""
        query = f"select _id, document from raw_middleware.{collection.name} where _deleted_at is null"
        return dict(raw(self.warehouse, query))

    def fingerprint(self) -> list[tuple[Any, ...]]:
        """What changes when any row is written again."""
        return raw(
            self.warehouse,
            "select ctid::text, xmin::text, xmax::text, _id from raw_middleware.online_sessions",
        )


@pytest.fixture
def operator(fresh_mongo: str, fresh_database: str) -> Iterator[Operator]:
    client: MongoClient[dict[str, Any]] = MongoClient(fresh_mongo)
    yield Operator(fresh_mongo, fresh_database, client[urlsplit(fresh_mongo).path[1:]])
    client.close()


def made(number: int, moved: timedelta = timedelta(), **fields: object) -> dict[str, Any]:
    """A session whose id was made `moved` after the start, and updated then."""
    instant = START + moved
    return {
        "_id": ObjectId(f"{int(instant.timestamp()):08x}{number:016x}"),
        "client_id": number,
        "updated_at": instant,
        **fields,
    }


def test_rerun_of_a_load_changes_nothing(operator: Operator) -> None:
    operator.database.online_sessions.insert_many([made(number) for number in range(3000)])
    first = operator.load()
    before = operator.fingerprint()
    again = operator.load()
    assert (first.inserted_count, again.inserted_count, again.updated_count) == (3000, 0, 0)
    assert operator.fingerprint() == before
    assert again.watermark == first.watermark


def test_new_changed_and_late_documents_are_found(operator: Operator) -> None:
    hour = timedelta(hours=1)
    sessions = operator.database.online_sessions
    sessions.insert_many([made(number, number * hour) for number in range(100)])
    operator.load()
    sessions.replace_one({"_id": made(3, 3 * hour)["_id"]}, made(3, 3 * hour, updated_at=START + 100 * hour))
    sessions.insert_many([made(200, 101 * hour), made(201, 99 * hour - timedelta(minutes=5))])
    result = operator.load()
    assert (result.inserted_count, result.updated_count) == (2, 1)
    assert result.extracted_count < 10


def test_documents_without_a_usable_cursor_are_loaded(operator: Operator) -> None:
    day = timedelta(days=1)
    sessions = operator.database.online_sessions
    sessions.insert_many(
        [made(1), made(2, updated_at="2026-01-01T00:00:00Z"), {"_id": made(3)["_id"], "a": 1}]
    )
    assert operator.load().inserted_count == 3
    late = made(4, 2 * day)
    del late["updated_at"]
    sessions.insert_many([late, made(5, 2 * day, updated_at="soon"), made(6, 2 * day, updated_at=None)])
    sessions.replace_one({"_id": made(2)["_id"]}, made(2, updated_at="2026-01-02T10:00:00+03:00"))
    result = operator.load()
    assert (result.inserted_count, result.updated_count) == (3, 1)


def test_a_collection_without_cursor_grows_by_its_ids(operator: Operator) -> None:
    day = timedelta(days=1)
    activity = operator.database.account_activity
    activity.insert_many([made(number, number * day) for number in range(20)])
    operator.load(ACTIVITY)
    activity.insert_one(made(20, 20 * day))
    result = operator.load(ACTIVITY)
    assert (result.inserted_count, result.extracted_count) == (1, 2)


def test_a_sweep_finds_what_no_cursor_tells(operator: Operator) -> None:
    day = timedelta(days=1)
    activity = operator.database.account_activity
    activity.insert_many([made(number, number * day) for number in range(20)])
    operator.load(ACTIVITY)
    activity.delete_one({"client_id": 3})
    activity.replace_one({"_id": made(5, 5 * day)["_id"]}, made(5, 5 * day, event="login"))
    result = operator.sweep(ACTIVITY)
    assert (result.deleted_count, result.updated_count, result.inserted_count) == (1, 1, 0)
    activity.insert_one(made(3, 3 * day))
    again = operator.sweep(ACTIVITY)
    assert (again.deleted_count, again.updated_count) == (0, 1)
    assert len(operator.documents(ACTIVITY)) == 20
    assert operator.sweep(ACTIVITY).unchanged_count == 20


def test_a_document_that_jsonb_cannot_hold_is_set_aside_once(operator: Operator) -> None:
    operator.database.online_sessions.insert_many([made(1), made(2, note="a\0b")])
    first = operator.load()
    assert (first.inserted_count, first.rejected_count) == (1, 1)
    assert operator.load().rejected_count == 1
    kept = raw(operator.warehouse, "select key, reason, document from raw_middleware.rejected")
    assert [(key, reason) for key, reason, _ in kept] == [
        (str(made(2)["_id"]), "a text holds a NUL character, which jsonb cannot")
    ]
    assert json.loads(kept[0][2])["note"] == "a\0b"


def test_a_document_that_turned_unreadable_is_not_taken_for_deleted(operator: Operator) -> None:
    sessions = operator.database.online_sessions
    sessions.insert_many([made(1), made(2)])
    operator.load()
    sessions.replace_one({"_id": made(2)["_id"]}, made(2, note="a\0b"))
    assert operator.sweep().deleted_count == 0
    assert len(operator.documents()) == 2


def test_many_unreadable_documents_do_not_pile_up(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extract.mongo_reader._REJECTED_AT_ONCE", 1000)
    operator.database.online_sessions.insert_many(
        [made(number, note="a\0b" if number % 2 else "fine") for number in range(9000)]
    )
    result = operator.load()
    assert (result.inserted_count, result.rejected_count) == (4500, 4500)
    assert raw(operator.warehouse, "select count(*) from raw_middleware.rejected") == [(4500,)]


def test_every_corpus_document_the_server_takes_arrives_or_is_set_aside(operator: Operator) -> None:
    taken = 0
    for number, (_, raw_document) in enumerate(valid_documents()):
        with suppress(Exception):  # the test's server refuses some types
            operator.database.online_sessions.insert_one(made(number, value=raw_document))
            taken += 1
    assert taken > 50
    result = operator.load()
    assert result.inserted_count + result.rejected_count == taken == result.extracted_count


def test_keys_of_every_type_stay_apart(operator: Operator) -> None:
    keys = ["text", "5f", 5, Int64(2**40), ObjectId("5f5f5f5f5f5f5f5f5f5f5f5f")]
    operator.database.online_sessions.insert_many([{"_id": key} for key in keys])
    result = operator.load()
    assert (result.inserted_count, result.rejected_count) == (len(keys), 0)
    assert {"5f5f5f5f5f5f5f5f5f5f5f5f", '"5f"', '"text"'} < operator.documents().keys()


def test_a_document_seen_twice_in_one_scan_counts_once(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.database.online_sessions.insert_many([made(number) for number in range(10)])
    twice = "extract.documents.DocumentLines.encode"
    from extract.documents import DocumentLines

    encode = DocumentLines.encode
    monkeypatch.setattr(twice, lambda self, batch: encode(self, batch) + encode(self, batch))
    assert operator.load().inserted_count == 10
    again = operator.load()
    assert (again.inserted_count, again.updated_count, again.unchanged_count) == (0, 0, 10)


def test_a_missing_collection_is_named_and_an_optional_one_is_empty(operator: Operator) -> None:
    operator.database.online_sessions.insert_one(made(1))
    with pytest.raises(NeverRetry, match=r"middleware\.account_activity: .* no collection account_activity"):
        operator.load(ACTIVITY)
    assert operator.load(STATISTICS).extracted_count == 0


def test_an_optional_collection_that_vanished_keeps_what_it_held(operator: Operator) -> None:
    operator.database.online_sessions.insert_one(made(1))
    operator.database.daily_statistics.insert_many([made(1), made(2)])
    operator.load(STATISTICS)
    operator.database.drop_collection("daily_statistics")
    assert operator.sweep(STATISTICS).deleted_count == 0
    assert len(operator.documents(STATISTICS)) == 2


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda url: url + "_absent", NeverRetry, "holds no collections, mend the database name"),
        (lambda url: url.rpartition("/")[0], NeverRetry, "names no database"),
        (lambda url: "mongodb://someone:hidden-word/#@nowhere:port/x", NeverRetry, "not of the form"),
        (lambda url: "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=300", RetryLater, "cannot be reached"),
        (lambda url: url.replace("//", "//someone:hidden-word@"), NeverRetry, "mend user or password"),
    ],
)
def test_a_wrong_url_is_told_in_one_line(operator: Operator, change, kind, message: str) -> None:
    operator.database.online_sessions.insert_one(made(1))
    with pytest.raises(kind, match=message) as caught:
        load_collection(SESSIONS, change(operator.url), operator.warehouse, AS_OF)
    assert "\n" not in str(caught.value)
    assert "hidden-word" not in str(caught.value)
    assert str(caught.value).startswith("middleware.online_sessions: ")
