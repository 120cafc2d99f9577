"""What happens at the very instant of a boundary, whether days are read one by one or walked through."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from exports.result import Cell, GeneratedBy
from tests.support.billing_rows import (
    add_company,
    add_customer,
    add_holding,
    add_movement,
    add_package,
    empty_tables,
)
from tests.support.report_rows import MARCH, report, rows_of
from tests.support.warehouse import Warehouse

APRIL_WEEK = (datetime(2024, 4, 5, tzinfo=UTC), datetime(2024, 4, 12, tzinfo=UTC))


def march(day: int) -> datetime:
    return datetime(2024, 3, day, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(shared_warehouse: Warehouse) -> Warehouse:
    """A paid use as March begins, a refill as the 28th does, a package from the 27th to the 29th.

    In April a week of three packages: two of one name, of two companies, and one without a name.
    """
    tables = empty_tables()
    add_customer(tables, 1)
    add_package(tables, 7, "Silver")
    add_movement(tables, 1, march(1), "-1.00", kind="service_charge")
    add_movement(tables, 1, march(28), "5.00")
    add_holding(tables, 1, 7, march(27), march(29))
    add_company(tables, 2, 1)
    add_package(tables, 8, "Silver", company_id=2)
    add_package(tables, 9, None)
    for package_id in (7, 8, 9):
        add_holding(tables, 1, package_id, *APRIL_WEEK)
    add_customer(tables, 2)
    shared_warehouse.hold(tables, datetime(2024, 4, 20, tzinfo=UTC))
    shared_warehouse.build()
    return shared_warehouse


def by_day(warehouse: Warehouse, first: str, last: str, head: str, **filters: Any) -> list[Cell]:
    """The column over those days, asked together; asked one by one it is the same."""
    asked = MARCH | filters
    together = rows_of(report(warehouse, asked | {"from_date": first, "to_date": last, "group_by": "date"}))
    days: list[Cell] = [row[head] for row in together[:-1]]
    alone: list[Cell] = []
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        (row,) = rows_of(report(warehouse, asked | {"from_date": day, "to_date": day}))
        alone.append(row[head])
        day += timedelta(days=1)
    assert alone == days
    return days


def test_a_paid_use_counts_until_n_months_later_that_instant_included(built: Warehouse):
    assert by_day(built, "2024-03-30", "2024-04-02", "Clients - Active: Qty") == [1, 1, 0, 0]
    assert by_day(built, "2024-03-30", "2024-04-02", "Clients - Overall Active: Qty") == [1, 1, 1, 1]
    later = by_day(built, "2024-03-30", "2024-04-02", "Clients - Active: Qty", active_duration_months=2)
    assert later == [1, 1, 1, 1]


def test_a_paid_use_at_the_end_of_a_day_is_not_before_it(built: Warehouse):
    assert by_day(built, "2024-02-28", "2024-03-02", "Clients - Overall Active: Qty") == [0, 0, 1, 1]


def test_a_package_is_held_at_the_instant_it_stops_and_not_yet_at_that_of_its_activation(
    built: Warehouse,
):
    assert by_day(built, "2024-03-25", "2024-03-30", "Clients - All: Qty", package_id=7) == [0, 0, 1, 1, 0, 0]


def test_a_movement_belongs_to_the_day_it_begins(built: Warehouse):
    assert by_day(built, "2024-03-26", "2024-03-29", "Balance Refill: Qty") == [0, 0, 1, 0]
    # a holder's refill is its row's as long as the package is held at the row's end
    assert by_day(built, "2024-03-26", "2024-03-29", "Balance Refill: Qty", package_id=7) == [0, 0, 1, 0]


def test_packages_of_one_name_and_one_without_are_told_apart_from_each_other_and_from_none(
    built: Warehouse,
):
    asked = MARCH | {"from_date": "2024-04-05", "to_date": "2024-04-08", "group_by": "package"}
    message = rows_of(report(built, asked))
    assert [(row["Package Name"], row["Clients - All: Qty"]) for row in message] == [
        ("#9", 1),
        ("Silver (Company 1, #7)", 1),
        ("Silver (Company 2, #8)", 1),
        (None, 1),
        ("Total", 2),
    ]
    # a name that nothing shares stays as it is
    march_rows = rows_of(report(built, asked | {"from_date": "2024-03-27", "to_date": "2024-03-28"}))
    assert [row["Package Name"] for row in march_rows] == ["Silver", None, "Total"]
    # and nobody learns the names of companies above their own
    bob = GeneratedBy("bob", "reseller", company_id=1)
    assert rows_of(report(built, asked, bob)) == message


def test_a_week_runs_from_monday_to_sunday_over_the_change_of_the_clock(built: Warehouse):
    """Berlin's clocks go forward on Sunday 31 March 2024: its week has 167 hours and ends at 22:00 UTC."""
    asked = MARCH | {"from_date": "2024-03-26", "to_date": "2024-04-03", "time_zone": "Europe/Berlin"}
    result = report(built, asked | {"group_by": "week"})
    first, second, total = rows_of(result)
    # the first and the last week are cut by the interval
    assert [row["Week"] for row in (first, second, total)] == ["2024-W13", "2024-W14", "Total"]
    assert result.rows[0][0] == date(2024, 3, 25)
    # a paid use at 00:00 UTC on 1 March, that is 01:00 in Berlin, is within the month before 1 April 00:00
    # there no more
    assert [row["Clients - Active: Qty"] for row in (first, second)] == [1, 0]
    assert [row["Balance Refill: Qty"] for row in (first, second, total)] == [1, 0, 1]


def test_weeks_belong_to_the_year_of_their_thursday_and_quarters_begin_with_their_months(
    shared_warehouse: Warehouse,
):
    shared_warehouse.empty()
    tables = empty_tables()
    add_customer(tables, 1)
    days = ((2020, 12, 27), (2020, 12, 28), (2021, 1, 3), (2021, 1, 4))
    for number, day in enumerate(days):
        add_movement(tables, 1, datetime(*day, tzinfo=UTC), str(10**number))
    shared_warehouse.hold(tables, datetime(2021, 2, 1, tzinfo=UTC))
    shared_warehouse.build()
    asked = MARCH | {"from_date": "2020-12-27", "to_date": "2021-01-04"}
    weeks = rows_of(report(shared_warehouse, asked | {"group_by": "week"}))
    assert [(row["Week"], row["Balance Refill: Total"]) for row in weeks] == [
        ("2020-W52", 1),
        ("2020-W53", 110),
        ("2021-W01", 1000),
        ("Total", 1111),
    ]
    quarters = rows_of(report(shared_warehouse, asked | {"group_by": "quarter"}))
    assert [(row["Quarter"], row["Balance Refill: Total"]) for row in quarters] == [
        ("2020-Q4", 11),
        ("2021-Q1", 1100),
        ("Total", 1111),
    ]
