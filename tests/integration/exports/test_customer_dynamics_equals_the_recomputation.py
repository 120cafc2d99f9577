"""Random operators, late changes, rows that change owners: every cell equals a recomputation."""

from __future__ import annotations

import random

import psycopg
import pytest

from exports.verification.recomputation.customers import recompute_customers
from tests.reference.random_moves import ONE_HOUR, change_owners
from tests.reference.random_operator import CENTRES, Operator, make_operator, mutate, random_question
from tests.support.report_rows import answer, expected, marts
from tests.support.warehouse import Warehouse

QUESTIONS = 40


def assert_every_cell_agrees(warehouse: Warehouse, operator: Operator, seed: object) -> None:
    operator.rng = random.Random(str(seed))
    source = operator.source
    message = 0
    with psycopg.connect(warehouse.url) as connection:
        for _ in range(QUESTIONS):
            question = random_question(operator)
            said = answer(connection, question)
            assert said == expected(source, question, operator.data_through), question
            message += len(said)
    assert message > QUESTIONS, "the questions missed the history"


@pytest.mark.parametrize("seed", range(len(CENTRES)))
def test_the_report_equals_the_recomputation_before_and_after_late_changes(warehouse: Warehouse, seed: int):
    operator = make_operator(seed)
    warehouse.hold(operator.tables, operator.data_through)
    warehouse.build()
    assert_every_cell_agrees(warehouse, operator, seed)

    mutate(operator)
    warehouse.hold(operator.tables, operator.data_through)
    warehouse.build()
    assert_every_cell_agrees(warehouse, operator, f"{seed} after late changes")


# In every other hour nothing is changed: what lay ahead comes by itself.
HOURS = 6


@pytest.mark.parametrize("seed", [201, 203])
def test_every_kind_of_row_may_move_to_another_owner(warehouse: Warehouse, seed: int) -> None:
    operator = make_operator(seed)
    warehouse.hold(operator.tables, operator.data_through)
    warehouse.build()
    for hour in range(HOURS):
        operator.rng = random.Random(f"{seed} {hour}")
        operator.data_through += ONE_HOUR
        if hour % 2 == 0:
            change_owners(operator)
        warehouse.hold(operator.tables, operator.data_through)
        warehouse.build()
        with psycopg.connect(warehouse.url, autocommit=True) as connection:
            recomputed = recompute_customers(connection, None)
        assert [str(finding) for finding in recomputed.findings] == []
        assert recomputed.checked == len(operator.tables["customers"])
    assert_every_cell_agrees(warehouse, operator, seed)

    incremental = marts(warehouse)
    warehouse.forget_builds()
    warehouse.build()
    from_nothing = marts(warehouse)
    assert [name for name in incremental if incremental[name] != from_nothing[name]] == []
