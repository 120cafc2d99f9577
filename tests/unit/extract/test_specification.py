"""A specification that cannot work is refused when written down; a source is known wherever it is reached."""

import pytest

from extract.address import address_of
from extract.errors import NeverRetry
from extract.identity import SourceIdentity
from extract.sources import billing, middleware, platform
from extract.specification import SourceTable, columns


@pytest.mark.parametrize(
    ("key", "text", "cursor", "append_only", "message"),
    [
        ((), "id id", None, False, "needs a key"),
        (("other",), "id id", None, False, "other is not among"),
        (("id",), "id id, id text", None, False, "twice"),
        (("id",), "id id?", None, False, "cannot be empty"),
        (("id",), "id id, name text", "name", False, "cannot be the cursor"),
        (("id",), "id id, updated_at at", "updated_at", True, "cannot be the cursor"),
        (("id",), "id id", None, True, "needs a growing id"),
        (("id",), "id id", "updated_at", False, "updated_at is not among"),
    ],
)
def test_a_specification_that_cannot_work_is_refused(
    key: tuple[str, ...], text: str, cursor: str | None, append_only: bool, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SourceTable("billing", "things", key, columns(text), cursor, append_only)


def test_every_table_of_the_reference_operator_is_specified() -> None:
    assert len(billing.TABLES) == len(platform.TABLES) == 9
    assert [collection.name for collection in middleware.COLLECTIONS] == [
        "online_sessions",
        "account_activity",
        "daily_statistics",
    ]
    assert {table.name for table in platform.TABLES if table.append_only} == {
        "user_changes",
        "subscriber_settings",
        "commission_items",
    }


def test_columns_may_be_written_one_a_line_with_their_descriptions() -> None:
    described = columns(
        """
        id id: Key
        role text?: With `role`: super, regular; else empty
        """
    )
    assert [(one.name, one.nullable, one.description) for one in described] == [
        ("id", False, "Key"),
        ("role", True, "With `role`: super, regular; else empty"),
    ]


def identity(url: str, own: str | None = None) -> SourceIdentity:
    return SourceIdentity(address_of("billing", url), own)


@pytest.mark.parametrize(
    ("known", "found", "is_same"),
    [
        # login and parameters are no part of it
        (identity("postgresql://a:x@h/d"), identity("postgres://b:y@H:5432/d?sslmode=require"), True),
        (identity("mysql://a@localhost/d"), identity("mariadb://b@127.0.0.1:3306/d"), True),
        # another host, another database, another engine
        (identity("postgresql://h1/d"), identity("postgresql://h2/d"), False),
        (identity("postgresql://h/d"), identity("postgresql://h/e"), False),
        (identity("postgresql://h:3306/d"), identity("mysql://h:3306/d"), False),
        # a failover, a replica, a new name: the database's own identity follows it
        (identity("postgresql://h1/d", "7/1"), identity("postgresql://h2/d", "7/1"), True),
        (identity("mysql://h1/d", "u/d"), identity("mysql://h2/d", "u/d"), True),
        (identity("mongodb://h1/d", "c 1"), identity("mongodb://h2/d", "c 1"), True),
        # the same place, and another database in it
        (identity("postgresql://h/d", "7/1"), identity("postgresql://h/d", "8/1"), False),
        (identity("postgresql://h/d"), identity("postgresql://h/d", "8/1"), True),
        # a failover behind one name brings another server with the same rows
        (identity("mysql://h/d", "u1/d"), identity("mysql://h/d", "u2/d"), True),
        (identity("mongodb://h1,h2/d"), identity("mongodb://h2,h3:27017/d?replicaSet=r"), True),
        (identity("mongodb://h1,h2/d"), identity("mongodb://h3,h4/d"), False),
    ],
)
def test_a_source_is_known_wherever_and_however_it_is_reached(
    known: SourceIdentity, found: SourceIdentity, is_same: bool
) -> None:
    assert found.is_same_as(known) is is_same
    assert known.is_same_as(found) is is_same


@pytest.mark.parametrize("url", ["oracle://h/d", "postgresql://h:port/d", "mysql://[h/d"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(NeverRetry, match="billing"):
        address_of("billing", url)
