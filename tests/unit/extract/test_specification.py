"""A specification that cannot work is refused when it is written down."""

import pytest

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
