"""Random operators: every cell of the report equals a plain recomputation from the source rows."""

from __future__ import annotations

import random

import psycopg
import pytest

from tests.integration.exports.billing_warehouse import BillingWarehouse
from tests.reference.random_operator import CENTRES, Operator, make_operator, mutate, random_question
from tests.support.report_rows import answer, expected

QUESTIONS = 40


def assert_every_cell_agrees(warehouse: BillingWarehouse, operator: Operator, seed: object) -> None:
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
def test_the_report_equals_the_recomputation_before_and_after_late_changes(
    warehouse: BillingWarehouse, seed: int
):
    operator = make_operator(seed)
    warehouse.load(operator.tables, operator.data_through)
    warehouse.build()
    assert_every_cell_agrees(warehouse, operator, seed)

    mutate(operator)
    warehouse.load(operator.tables, operator.data_through)
    warehouse.build()
    assert_every_cell_agrees(warehouse, operator, f"{seed} after late changes")
