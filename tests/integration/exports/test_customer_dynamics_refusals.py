"""What the warehouse does not know is refused by name, what cannot be converted stops the report."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from exports.errors import InvalidParameter, MissingRate, NotReady
from exports.result import GeneratedBy
from tests.integration.exports.asking import NOW, report, rows_of
from tests.integration.exports.billing_warehouse import BillingWarehouse
from tests.integration.exports.small_operator import (
    Tables,
    add_company,
    add_customer,
    add_movement,
    add_package,
    add_rate,
    empty_tables,
)

MARCH: dict[str, Any] = {
    "from_date": "2024-03-01",
    "to_date": "2024-03-31",
    "time_zone": "UTC",
    "currency": "EUR",
}
NOON = datetime(2024, 3, 15, 12, tzinfo=UTC)


def a_small_tree() -> Tables:
    """Company 1 above 2, 4 and 5 above each other; tagged customers; a rate of the pound since 10 March."""
    tables = empty_tables()
    add_company(tables, 2, 1)
    add_company(tables, 4, 5)
    add_company(tables, 5, 4)
    for id_ in (1, 2, 4):
        add_customer(tables, id_, company_id=id_)
        add_movement(tables, id_, NOON, "10.00")
        tables["customer_tags"][id_, "gold"] = {"customer_id": id_, "tag": "gold"}
    add_package(tables, 7, "Silver")
    add_rate(tables, "GBP", "EUR", date(2024, 3, 10), "1.25")
    return tables


@pytest.fixture
def built(warehouse: BillingWarehouse) -> BillingWarehouse:
    warehouse.load(a_small_tree(), datetime(2024, 4, 10, tzinfo=UTC))
    warehouse.build()
    return warehouse


def stored_results(warehouse: BillingWarehouse) -> int:
    with psycopg.connect(warehouse.url) as connection:
        row = connection.execute("select count(*) from app.report_results").fetchone()
    assert row is not None
    return row[0]


def test_what_the_warehouse_does_not_know_is_refused_by_name(built: BillingWarehouse):
    before = stored_results(built)
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"company_id": 99}, "unknown company 99: known: 1 Company 1, 2 Company 2, 4 Company 4, 5 Company 5"),
        ({"company_id": 4}, "company 4 (Company 4) lies above itself in the tree of companies"),
        ({"owner_user_id": 3}, "unknown owner 3: there is none"),
        ({"package_id": 8}, "unknown package 8: known: 7 Silver"),
        ({"tags": ("gold", "glod")}, "unknown tag 'glod': did you mean gold?"),
        ({"currency": "EUX"}, "unknown currency 'EUX': did you mean EUR?"),
    ]
    for changes, words in refusals:
        with pytest.raises(InvalidParameter) as refused:
            report(built, MARCH | changes)
        assert words in str(refused.value)
    assert stored_results(built) == before


def test_a_company_sees_itself_and_what_lies_below_never_above_or_beside(built: BillingWarehouse):
    (everything,) = rows_of(report(built, MARCH))
    (branch,) = rows_of(report(built, MARCH, GeneratedBy("ann", "reseller", company_id=1)))
    (leaf,) = rows_of(report(built, MARCH, GeneratedBy("bob", "reseller", company_id=2)))
    assert [row["Clients - All: Qty"] for row in (everything, branch, leaf)] == [3, 2, 1]
    with pytest.raises(InvalidParameter, match="unknown company 1"):
        report(built, MARCH | {"company_id": 1}, GeneratedBy("bob", "reseller", company_id=2))


def test_a_missing_rate_is_an_error_that_names_currency_and_date(warehouse: BillingWarehouse):
    tables = a_small_tree()
    add_customer(tables, 9, currency="GBP")
    add_movement(tables, 9, datetime(2024, 3, 8, tzinfo=UTC), "5.00", currency="GBP")
    add_movement(tables, 9, datetime(2024, 3, 9, tzinfo=UTC), "-5.00", currency="GBP")
    add_movement(tables, 9, datetime(2024, 2, 1, tzinfo=UTC), "0.00", currency="GBP")
    warehouse.load(tables, datetime(2024, 4, 10, tzinfo=UTC))
    warehouse.build()
    before = stored_results(warehouse)
    with pytest.raises(MissingRate) as refused:
        report(warehouse, MARCH)
    assert str(refused.value) == (
        "no exchange rate from GBP to EUR on or before 2024-03-08 (1 more missing);"
        " add it to exchange_rates or ask for another currency"
    )
    assert stored_results(warehouse) == before
    # nothing but zero in February
    (february,) = rows_of(report(warehouse, MARCH | {"from_date": "2024-02-01", "to_date": "2024-02-29"}))
    assert february["Clients - All: Qty"] == 4
    # and from 10 March on the rate is there, the other way round as well
    (later,) = rows_of(report(warehouse, MARCH | {"from_date": "2024-03-10", "currency": "GBP"}))
    assert str(later["Balance Refill: Total"]) == "24.0000"


def test_an_interval_without_data_is_stored_with_heads_and_a_message(built: BillingWarehouse):
    result = report(
        built, MARCH | {"from_date": "2024-05-01", "to_date": "2024-05-31"} | {"group_by": "month"}
    )
    assert result.rows == () and not result.has_total and result.data_interval is None
    assert result.message is not None
    assert result.message.startswith("No data from 2024-05-01 to 2024-05-31 (UTC)")
    assert result.columns[0].label == "Month"


def test_relative_intervals_are_resolved_in_the_reports_zone(built: BillingWarehouse):
    zone = {"time_zone": "Pacific/Kiritimati", "currency": "EUR"}
    result = report(built, zone | {"interval": "today"})
    assert NOW.date() == date(2026, 11, 21)
    assert result.parameters["from_date"] == result.parameters["to_date"] == "2026-11-22"


def test_a_warehouse_without_marts_or_loads_says_what_to_run(warehouse: BillingWarehouse):
    with pytest.raises(NotReady, match="subdyn run nightly"):
        report(warehouse, MARCH)
