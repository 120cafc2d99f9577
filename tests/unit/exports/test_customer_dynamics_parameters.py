"""What may be asked of Customer Dynamics; everything else is refused by name, in one line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from exports.errors import InvalidParameter
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters

GOOD: dict[str, Any] = {
    "from_date": "2026-01-01",
    "to_date": "2026-01-31",
    "time_zone": "Asia/Kolkata",
    "currency": "usd",
}


def read(**changes: Any) -> CustomerDynamicsParameters:
    return CustomerDynamicsParameters.read(
        {key: value for key, value in (GOOD | changes).items() if value != ...}
    )


def test_the_least_that_is_asked_is_an_interval_a_zone_and_a_currency():
    asked = read()
    assert (asked.from_date, asked.to_date, asked.currency) == (date(2026, 1, 1), date(2026, 1, 31), "USD")
    assert asked.active_duration_months == 1
    assert asked.group_by == frozenset()


def test_grouping_columns_come_first_time_before_package():
    labels = [column.label for column in read(group_by="package,month").columns]
    assert labels[:3] == ["Month", "Package Name", "Clients - Active: Qty"]
    assert len(labels) == 23


def test_heads_are_the_words_the_users_know():
    assert [column.label for column in read().columns] == [
        "Clients - Active: Qty",
        "Clients - Active: Balance Pos",
        "Clients - Active: Balance Neg",
        "Clients - Active: Balance",
        "Clients - Overall Active: Qty",
        "Clients - Overall Active: Balance Pos",
        "Clients - Overall Active: Balance Neg",
        "Clients - Overall Active: Balance",
        "Clients - All: Qty",
        "Clients - All: Balance Pos",
        "Clients - All: Balance Neg",
        "Clients - All: Balance",
        "Balance Refill: Qty",
        "Balance Refill: Total",
        "Balance Refill: Avg",
        "Pay as you Go: Total",
        "Pay as you Go: Active Avg",
        "Packages: Activation Qty",
        "Packages: Activation Total",
        "Packages: Renew Qty",
        "Packages: Renew Total",
    ]


def test_a_client_type_may_be_written_as_people_write_it():
    assert read(client_type="Calling Card").client_type == "calling_card"


@pytest.mark.parametrize(
    ("changes", "parameter", "words"),
    [
        (
            {"time_zone": "Europe/Kieff"},
            "timezone",
            "unknown time zone 'Europe/Kieff': did you mean Europe/Kiev",
        ),
        ({"time_zone": ...}, "timezone", "timezone is mandatory"),
        ({"currency": "dollars"}, "currency", "currency 'dollars' is not a code of three letters"),
        ({"client_type": "vip"}, "client-type", "unknown client type 'vip': use client, reseller"),
        (
            {"group_by": "year,month"},
            "group-by",
            "month, week, date, not year and month",
        ),
        ({"group_by": "hour"}, "group-by", "'hour' is not one of year, quarter, month, week, date, package"),
        (
            {"active_duration_months": 0},
            "active-duration",
            "0 is not a whole number of months from 1 to 1200",
        ),
        ({"active_duration_months": "1.5"}, "active-duration", "is not a whole number of months"),
        ({"company_id": "acme"}, "company", "company 'acme' is not an id"),
        ({"from_date": "2026-02-30"}, "from", "'2026-02-30' is not a date written YYYY-MM-DD"),
        ({"to_date": "2025-12-31"}, "to", "to 2025-12-31 lies before from 2026-01-01"),
        ({"to_date": ...}, "from", "an interval is mandatory"),
        ({"to_date": "9999-12-31"}, "to", "lies outside 1700-01-01 .. 2200-12-31"),
        ({"interval": "last-month"}, "interval", "not both"),
        (
            {"interval": "lastmonth", "from_date": ..., "to_date": ...},
            "interval",
            "unknown interval 'lastmonth'",
        ),
        ({"colour": "red"}, "colour", "unknown parameter 'colour'"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name_in_one_line(
    changes: dict[str, Any], parameter: str, words: str
):
    with pytest.raises(InvalidParameter) as refused:
        read(**changes)
    assert refused.value.parameter == parameter
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
