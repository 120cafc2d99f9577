"""What Customer Dynamics is asked for and shows: parameters, unknown names, packages, rounded amounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from exports.errors import InvalidParameter, close_ids, close_matches
from exports.reports.customer_dynamics.lookups import Package, labels
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.rounding import displayed

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


def test_a_name_that_is_shared_is_told_with_company_and_id_where_they_may_be_seen():
    packages = [
        Package(7, "Gold", "Acme"),
        Package(8, "Gold", None),
        Package(9, "Silver", "Acme"),
        Package(9, "Silver", "Acme"),
    ]
    assert labels(packages) == {7: "Gold (Acme, #7)", 8: "Gold (#8)", 9: "Silver"}


def test_a_package_without_a_name_is_never_taken_for_none():
    assert labels([Package(7), Package(8, ""), Package(9, "  ")]) == {7: "#7", 8: "#8", 9: "#9"}
    assert labels([Package(7), Package(8, "#7", "Acme")]) == {7: "#7 (#7)", 8: "#7 (Acme, #8)"}


def test_packages_stand_by_name_then_id():
    packages = [Package(3, "b"), Package(2, "a"), Package(1, "b"), Package(4)]
    assert [package.package_id for package in sorted(packages, key=lambda p: p.position)] == [4, 2, 1, 3]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("0.00005"), "0.0001"),
        (Decimal("-0.00005"), "-0.0001"),
        (Decimal("0.000049999"), "0.0000"),
        (Decimal("-0.00004"), "0.0000"),
        (Decimal("2.50025"), "2.5003"),
        (Fraction(1, 3), "0.3333"),
        (Fraction(-2, 3), "-0.6667"),
        (Decimal("123456789012345678901234.56785"), "123456789012345678901234.5679"),
        (Decimal("1234567890123456789012345678901234.56785"), "1234567890123456789012345678901234.5679"),
    ],
)
def test_half_is_rounded_away_from_zero(amount: Decimal | Fraction, shown: str):
    assert str(displayed(amount)) == shown


def test_an_inverse_rate_of_forty_decimals_does_not_move_a_half():
    third = Decimal("0." + "3" * 40)
    assert displayed(Decimal("0.00015") * third) == Decimal("0.0001")


CODES = [f"{first}{second}X" for first in "ABCDEFG" for second in "ABCDEF"]


def test_what_is_like_nothing_is_answered_with_what_is_known():
    assert close_matches("UAH", ["USD", "EUR", "SEK"]) == "known: EUR, SEK, USD"
    assert close_matches("UAH", CODES[:13]) == "known: " + ", ".join(CODES[:13])
    assert close_matches("UAH", CODES[:40]) == "known: " + ", ".join(CODES[:40])
    assert close_matches("UAH", []) == "there is none"


def test_more_than_a_line_holds_is_told_in_part_and_counted():
    assert close_matches("UAH", CODES) == f"42 are known: {', '.join(CODES[:40])} and 2 more"
    long = close_matches("?", [f"{number:03}" * 40 for number in range(30)])
    assert len(long) < 700 and long.startswith("30 are known: 000") and long.endswith("more")


def test_what_is_like_a_few_is_answered_with_them():
    assert close_matches("usx", ["USD", "EUR"]) == "did you mean USD?"


def test_an_id_is_answered_with_ids_and_names():
    names = {number: f"Company {number}" for number in range(1, 13)}
    assert close_ids(99, names).startswith("known: 1 Company 1, 2 Company 2, 3 Company 3")
    many = {number: f"Company {number}" for number in range(1000, 1100)}
    assert close_ids(10599, many).startswith("did you mean 1099 Company 1099, 1059 Company 1059")
    assert close_ids(7, many).startswith("100 are known: 1000 Company 1000")
