"""Random operators: the series of the marts after late changes, moves and another reporting currency."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.integration.exports.test_customer_dynamics_equals_the_recomputation import (
    assert_every_cell_agrees,
)
from tests.reference.customer_dynamics import Question, RateMissing, recompute, shown
from tests.reference.customer_months import DURATIONS, CompanyHistory, CompanyMonths
from tests.reference.local_time import ONE_DAY
from tests.reference.random_operator import Operator, make_operator, mutate, spelt
from tests.support.report_rows import marts, report
from tests.support.warehouse import Warehouse

SERIES = [
    "+customer_dynamics_monthly",
    "+customer_activity_monthly",
    "+customer_cohorts_monthly",
    "+fct_customer_daily_snapshot",
    "+fct_package_events",
]
STORED = ["customer_dynamics_daily", "customer_cohorts_monthly", "fct_package_events"]
# figures of the marts by the report's heads; averages are rounded by the mart
CELLS = {
    "active_count": "Clients - Active: Qty",
    "active_balance_pos_amount": "Clients - Active: Balance Pos",
    "active_balance_neg_amount": "Clients - Active: Balance Neg",
    "active_balance_amount": "Clients - Active: Balance",
    "overall_active_count": "Clients - Overall Active: Qty",
    "overall_active_balance_pos_amount": "Clients - Overall Active: Balance Pos",
    "overall_active_balance_neg_amount": "Clients - Overall Active: Balance Neg",
    "overall_active_balance_amount": "Clients - Overall Active: Balance",
    "all_count": "Clients - All: Qty",
    "all_balance_pos_amount": "Clients - All: Balance Pos",
    "all_balance_neg_amount": "Clients - All: Balance Neg",
    "all_balance_amount": "Clients - All: Balance",
    "refill_count": "Balance Refill: Qty",
    "refill_amount": "Balance Refill: Total",
    "refill_average_amount": "Balance Refill: Avg",
    "pay_as_you_go_amount": "Pay as you Go: Total",
    "pay_as_you_go_active_average_amount": "Pay as you Go: Active Avg",
    "activation_count": "Packages: Activation Qty",
    "activation_amount": "Packages: Activation Total",
    "renewal_count": "Packages: Renew Qty",
    "renewal_amount": "Packages: Renew Total",
}
DAYS_ASKED = 2
NOON = time(12)
Rows = dict[tuple[Any, ...], dict[str, Any]]


def rows_by(warehouse: Warehouse, mart: str, *key: str) -> Rows:
    """The rows of a mart by their key, amounts as shown."""
    with psycopg.connect(warehouse.url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(f"select * from marts.{mart}".encode()).fetchall()
    found = {
        tuple(row[name] for name in key): {
            name: shown(Fraction(cell)) if isinstance(cell, Decimal) else cell for name, cell in row.items()
        }
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def figures(operator: Operator, question: Question, reading: str, reporting_currency: str) -> dict[str, Any]:
    """The report's figures by the marts' names, once more in the reporting currency where rates allow it."""
    source = operator.source
    if reading == "own":
        source = {**source, "companies": [row | {"parent_id": None} for row in source["companies"]]}
    (own,) = recompute(source, question, operator.data_through)
    wanted = {name: own[head] for name, head in CELLS.items()}
    try:
        asked = Question(**{**vars(question), "currency": reporting_currency})
        (reported,) = recompute(source, asked, operator.data_through)
    except RateMissing:
        return wanted
    return wanted | {
        f"reporting_{name}": reported[head] for name, head in CELLS.items() if name.endswith("amount")
    }


def assert_dynamics_agree(warehouse: Warehouse, operator: Operator, reporting_currency: str) -> int:
    """Some days and every month of each company, reading and duration; how many rows in all currencies."""
    daily = rows_by(
        warehouse, "customer_dynamics_daily", "company_id", "reading", "local_date", "active_duration_months"
    )
    monthly = rows_by(
        warehouse,
        "customer_dynamics_monthly",
        "company_id",
        "reading",
        "month_start_date",
        "active_duration_months",
    )
    months = CompanyMonths(operator.source, CompanyHistory(), operator.data_through, reporting_currency)
    companies = {row["id"]: row for row in months.source["companies"]}
    rng = random.Random(1)
    converted = 0

    def check(row: dict[str, Any], first: date, last: date) -> None:
        nonlocal converted
        company = companies[row["company_id"]]
        question = Question(
            from_date=first,
            to_date=last,
            time_zone=company["time_zone"],
            currency=company["currency"],
            active_duration_months=row["active_duration_months"],
            company_id=company["id"],
        )
        wanted = figures(operator, question, row["reading"], reporting_currency)
        assert {name: row[name] for name in wanted} == wanted, question
        assert row["reporting_currency"] == reporting_currency
        converted += len(wanted) > len(CELLS)

    for company, reading, _ in months.readings():
        calendar = months.months(ZoneInfo(company["time_zone"]))
        for duration in DURATIONS:
            for month in calendar:
                row = monthly.pop((company["id"], reading, month.first_date, duration))
                next_first = (month.first_date + 32 * ONE_DAY).replace(day=1)
                assert row["is_finished"] == month.is_finished
                check(row, month.first_date, next_first - ONE_DAY)
            days = [key for key in daily if key[:2] == (company["id"], reading) and key[3] == duration]
            for key in rng.sample(sorted(days), DAYS_ASKED):
                check(daily[key], key[2], key[2])
            assert [key for key in days if not daily[key]["is_finished"]] in ([max(days)], [])
    assert not monthly
    return converted


def assert_report_equals_the_series(warehouse: Warehouse) -> int:
    """Every day and month of every company's branch for every duration: what people ask is what BI reads."""
    with psycopg.connect(warehouse.url) as connection:
        rows = connection.execute("select company_id, time_zone, currency from marts.dim_company").fetchall()
    companies = {company_id: (time_zone, currency) for company_id, time_zone, currency in rows}
    compared = 0
    for mart, day, unit, head in (
        ("customer_dynamics_daily", "local_date", "date", "Date"),
        ("customer_dynamics_monthly", "month_start_date", "month", "Month"),
    ):
        series = rows_by(warehouse, mart, "company_id", "active_duration_months", "reading", day)
        for company_id, duration in sorted({key[:2] for key in series}):
            wanted = {
                key[3]: row for key, row in series.items() if key[:3] == (company_id, duration, "branch")
            }
            time_zone, currency = companies[company_id]
            result = report(
                warehouse,
                {
                    "from_date": min(wanted),
                    "to_date": max(row["as_of_at"].date() for row in wanted.values()) + ONE_DAY,
                    "time_zone": time_zone,
                    "currency": currency,
                    "company_id": company_id,
                    "active_duration_months": duration,
                    "group_by": unit,
                },
            )
            heads = [column.label for column in result.columns]
            reported = [dict(zip(heads, row, strict=True)) for row in result.rows[:-1]]
            assert [row[head] for row in reported] == sorted(wanted)
            for row in reported:
                figures_of_series = {name: wanted[row[head]][name] for name in CELLS}
                assert figures_of_series == {name: row[label] for name, label in CELLS.items()}, row
                compared += 1
    return compared


def assert_months_agree(
    warehouse: Warehouse, operator: Operator, history: CompanyHistory, reporting_currency: str
) -> dict[str, int]:
    """Every row of activity and cohorts; what the movements come to."""
    months = CompanyMonths(operator.source, history, operator.data_through, reporting_currency)
    key = ("company_id", "reading", "month_start_date", "active_duration_months")
    activity = rows_by(warehouse, "customer_activity_monthly", *key)
    wanted = months.activity()
    assert {
        at: {name: row[name] for name in wanted[at]} for at, row in activity.items() if at in wanted
    } == wanted
    assert set(activity) == set(wanted)
    key = (
        "company_id", "reading", "cohort_basis", "cohort_month_date", "month_start_date",
        "active_duration_months",
    )  # fmt: skip
    cohorts = rows_by(warehouse, "customer_cohorts_monthly", *key)
    wanted_cohorts = months.cohorts()
    assert set(cohorts) == set(wanted_cohorts)
    assert {
        at: {name: row[name] for name in wanted_cohorts[at]} for at, row in cohorts.items()
    } == wanted_cohorts
    return {name: sum(row[name] for row in wanted.values()) for name in wanted[next(iter(wanted))]}


def assert_snapshot_agrees(warehouse: Warehouse, operator: Operator) -> None:
    """As many customers on each company's days as the series counts, and the same balances."""
    with psycopg.connect(warehouse.url) as connection:
        differing = connection.execute(
            "select company_id, currency, local_date, count(*) as customers, sum(balance_amount) as balance"
            " from marts.fct_customer_daily_snapshot group by 1, 2, 3"
            " except select company_id, currency, local_date, all_count, all_balance_pos + all_balance_neg"
            " from intermediate.int_company_daily_states where reading = 'own'"
        ).fetchall()
        counted = connection.execute("select count(*) from marts.fct_customer_daily_snapshot").fetchone()
    assert differing == []
    assert counted is not None and counted[0] > 500


def assert_rows_are_converted(warehouse: Warehouse, operator: Operator, reporting_currency: str) -> list[int]:
    """Every movement, event and state at the rate of its local date; how many of each are converted."""
    months = CompanyMonths(operator.source, CompanyHistory(), operator.data_through, reporting_currency)
    converted = []
    for mart, key, happened_at, amount in (
        ("fct_transactions", ("transaction_id",), "confirmed_at", "amount"),
        ("fct_package_events", ("event_id",), "happened_at", "amount"),
        ("fct_customer_history", ("customer_id", "valid_from"), "valid_from", "balance_amount"),
    ):
        with psycopg.connect(warehouse.url) as connection, connection.cursor(row_factory=dict_row) as cursor:
            exact = cursor.execute(
                f"select {', '.join(key)}, {amount} as amount from marts.{mart}".encode()
            ).fetchall()
        amounts = {tuple(row[name] for name in key): row["amount"] for row in exact}
        found = rows_by(warehouse, mart, *key)
        for at, row in found.items():
            wanted = (None, None)
            if amounts[at] is not None:
                rate = months.reporting_rate(row["customer_id"], row[happened_at])
                if rate is not None:
                    wanted = (shown(Fraction(amounts[at]) * rate), reporting_currency)
            assert (row[f"reporting_{amount}"], row["reporting_currency"]) == wanted, (mart, at)
        converted.append(sum(row["reporting_currency"] is not None for row in found.values()))
    return converted


def stored(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(warehouse.url) as connection:
        return {
            name: sorted(connection.execute(f"select * from marts.{name}".encode()), key=repr)
            for name in STORED
        }


def move_some(operator: Operator) -> None:
    """Half of the customers go to another company."""
    customers = operator.tables["customers"]
    for key in operator.rng.sample(sorted(customers), len(customers) // 2):
        company_id = operator.rng.choice([1, 2, 3, 4, 5])
        customers[key] = customers[key] | {"company_id": company_id}


def publish_late(operator: Operator, seed: int) -> None:
    """Rates of days gone by come, change and are withdrawn, and a company's days begin elsewhere."""
    rng, rates = random.Random(seed), operator.tables["exchange_rates"]
    first_dates = {
        pair: min(key[2] for key in rates if key[:2] == pair) for pair in {key[:2] for key in rates}
    }
    for base, currency, day in rng.sample([key for key in rates if key[2] > first_dates[key[:2]]], 12):
        rate = rates[base, currency, day] | {"rate": Decimal(rng.randint(1, 999)).scaleb(-2)}
        match rng.randrange(3):
            case 0:
                del rates[base, currency, day]
            case 1:
                rates[base, currency, day] = rate
            case _:
                day += ONE_DAY
                rates[base, currency, day] = rate | {"rate_date": day}
    company = operator.tables["companies"][2,]
    zone = rng.choice([zone for zone in operator.zones if zone != company["time_zone"]])
    operator.tables["companies"][2,] = company | {"time_zone": spelt(operator, zone)}
    operator.tables["companies"][5,] = operator.tables["companies"][5,] | {"time_zone": "UTC+3"}


# operators whose rates begin before their history: the series refuse a missing one
@pytest.mark.parametrize("seed", [101, 103])
def test_an_incremental_build_answers_as_a_build_from_nothing(warehouse: Warehouse, seed: int):
    operator, history = make_operator(seed), CompanyHistory()

    def load(reporting_currency: str, days: int, *built: str) -> None:
        operator.data_through = datetime.combine(operator.centre + days * ONE_DAY, NOON, UTC)
        warehouse.hold(operator.tables, operator.data_through)
        history.load(operator.source, operator.data_through)
        warehouse.build("--select", *(built or SERIES), reporting_currency=reporting_currency)

    load("USD", 12)
    assert_months_agree(warehouse, operator, history, "USD")
    mutate(operator)
    move_some(operator)
    load("USD", 40)
    publish_late(operator, seed)
    load("USD", 41, "+fct_package_events")
    assert min(assert_rows_are_converted(warehouse, operator, "USD")) > 20
    mutate(operator)
    load("GBP", 75)
    assert min(assert_rows_are_converted(warehouse, operator, "GBP")) > 20
    converted = assert_dynamics_agree(warehouse, operator, "GBP")
    totals = assert_months_agree(warehouse, operator, history, "GBP")
    assert_snapshot_agrees(warehouse, operator)
    assert assert_report_equals_the_series(warehouse) > 1000
    assert converted > 50
    assert min(totals.values()) > 0, totals

    incremental, series = marts(warehouse), stored(warehouse)
    warehouse.forget_builds()
    warehouse.build("--select", *SERIES, reporting_currency="GBP")
    assert marts(warehouse) == incremental
    assert stored(warehouse) == series
    assert_every_cell_agrees(warehouse, operator, seed)
    # the attributes' history begins again, without the moves
    unmoved = CompanyHistory()
    unmoved.load(operator.source, operator.data_through)
    assert_months_agree(warehouse, operator, unmoved, "GBP")
