"""Whatever happens in the source, in whatever order it is loaded and swept: after a sweep both are equal."""

import random
from datetime import datetime, timedelta

import pytest

from tests.support.sql_source import (
    CUSTOMERS,
    START,
    TAGS,
    USER_CHANGES,
    SqlSource,
    customer,
    raw,
    rows_of,
    stored,
)

STEPS = 30


@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_ends_equal_to_the_source(source: SqlSource, fresh_database: str, seed: int) -> None:
    dice = random.Random(seed)
    for table in (CUSTOMERS, TAGS, USER_CHANGES):
        source.create(table)
    expected: dict[int, tuple[object, ...]] = {}
    now = START
    for _ in range(STEPS):
        now += timedelta(seconds=dice.randrange(1, 1500))
        step = dice.choice(
            ["insert", "insert", "update", "delete", "late", "load", "load", "sweep", "append"]
        )
        if step == "insert":
            _write(source, expected, dice.randrange(30), now, dice)
        elif step == "late":
            _write(source, expected, dice.randrange(30), now - timedelta(seconds=dice.randrange(3000)), dice)
        elif step == "update" and expected:
            _write(source, expected, dice.choice(sorted(expected)), now, dice)
        elif step == "delete" and expected:
            gone = dice.choice(sorted(expected))
            source.execute("delete from customers where id = %s", gone)
            source.execute("delete from customer_tags where customer_id = %s", gone)
            del expected[gone]
        elif step == "append":
            number = dice.randrange(1, 500)
            source.execute("delete from user_changes where id = %s", number)
            source.insert(USER_CHANGES, rows_of(USER_CHANGES, number)[-1:])
        elif step == "load":
            for table in (CUSTOMERS, TAGS, USER_CHANGES):
                source.load(table, fresh_database, now)
        elif step == "sweep":
            source.sweep(CUSTOMERS, fresh_database, now)
    for table in (CUSTOMERS, TAGS, USER_CHANGES):
        source.load(table, fresh_database, now)
        source.sweep(table, fresh_database, now)
    assert stored(fresh_database, CUSTOMERS) == [expected[number] for number in sorted(expected)]
    assert raw(
        fresh_database,
        "select customer_id from raw_billing.customer_tags where _deleted_at is null order by 1",
    ) == [(number,) for number in sorted(expected)]


def _write(
    source: SqlSource,
    expected: dict[int, tuple[object, ...]],
    number: int,
    moved: datetime,
    dice: random.Random,
) -> None:
    row = customer(number, name=f"name {dice.randrange(5)}", balance=str(dice.randrange(5)), moved=moved)
    if number in expected:
        if expected[number][8] >= moved:  # pyright: ignore[reportOperatorIssue]
            return
        source.execute("delete from customers where id = %s", number)
    else:
        source.insert(TAGS, [(number, "tag")])
    source.insert(CUSTOMERS, [row])
    expected[number] = row
