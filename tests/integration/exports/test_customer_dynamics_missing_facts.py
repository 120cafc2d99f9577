"""A rate that is missing and marts that are not built are errors that name what is missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from exports.errors import MissingRate, NotReady
from tests.integration.exports.asking import MARCH, report, rows_of, stored_results
from tests.integration.exports.billing_warehouse import BillingWarehouse
from tests.integration.exports.small_operator import a_small_tree, add_customer, add_movement


def test_a_missing_rate_is_an_error_that_names_currency_and_date(warehouse: BillingWarehouse):
    tables = a_small_tree()
    add_customer(tables, 9, currency="GBP")
    add_movement(tables, 9, datetime(2024, 3, 8, tzinfo=UTC), "5.00", currency="GBP")
    # amounts that cancel out need a rate as any others do
    add_movement(tables, 9, datetime(2024, 3, 8, tzinfo=UTC), "-5.00", currency="GBP")
    add_movement(tables, 9, datetime(2024, 2, 1, tzinfo=UTC), "0.00", currency="GBP")
    warehouse.load(tables, datetime(2024, 4, 10, tzinfo=UTC))
    warehouse.build()
    before = stored_results(warehouse)
    with pytest.raises(MissingRate) as refused:
        report(warehouse, MARCH)
    assert str(refused.value) == (
        "no exchange rate from GBP to EUR on or before 2024-03-08;"
        " add it to exchange_rates or ask for another currency"
    )
    assert stored_results(warehouse) == before
    # nothing but zero in February
    (february,) = rows_of(report(warehouse, MARCH | {"from_date": "2024-02-01", "to_date": "2024-02-29"}))
    assert february["Clients - All: Qty"] == 4
    # and from 10 March on the rate is there, the other way round as well
    (later,) = rows_of(report(warehouse, MARCH | {"from_date": "2024-03-10", "currency": "GBP"}))
    assert str(later["Balance Refill: Total"]) == "24.0000"


def test_a_warehouse_without_marts_or_loads_says_what_to_run(warehouse: BillingWarehouse):
    with pytest.raises(NotReady, match="subdyn run nightly"):
        report(warehouse, MARCH)
