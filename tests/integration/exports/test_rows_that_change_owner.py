"""Random operators whose rows move between owners hour by hour: builds upon builds stay what a new one is."""

from __future__ import annotations

import random

import psycopg
import pytest

from exports.verification.recomputation.customers import recompute_customers
from tests.integration.exports.billing_warehouse import BillingWarehouse
from tests.integration.exports.test_customer_dynamics_equals_the_recomputation import (
    assert_every_cell_agrees,
)
from tests.reference.random_moves import ONE_HOUR, change_owners
from tests.reference.random_operator import make_operator

# In every other hour nothing is changed: what lay ahead comes by itself.
HOURS = 6


@pytest.mark.parametrize("seed", [201, 203])
def test_every_kind_of_row_may_move_to_another_owner(warehouse: BillingWarehouse, seed: int) -> None:
    operator = make_operator(seed)
    warehouse.load(operator.tables, operator.data_through)
    warehouse.build()
    for hour in range(HOURS):
        operator.rng = random.Random(f"{seed} {hour}")
        operator.data_through += ONE_HOUR
        if hour % 2 == 0:
            change_owners(operator)
        warehouse.load(operator.tables, operator.data_through)
        warehouse.build()
        with psycopg.connect(warehouse.url, autocommit=True) as connection:
            recomputed = recompute_customers(connection, None)
        assert [str(finding) for finding in recomputed.findings] == []
        assert recomputed.checked == len(operator.tables["customers"])
    assert_every_cell_agrees(warehouse, operator, seed)

    incremental = warehouse.marts()
    warehouse.forget_builds()
    warehouse.build()
    from_nothing = warehouse.marts()
    assert [name for name in incremental if incremental[name] != from_nothing[name]] == []
