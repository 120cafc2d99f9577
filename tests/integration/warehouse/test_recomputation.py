"""Customers' balances and companies' days are recomputed from raw movements, and differences are named."""

from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from exports.verification.comparison import Comparison
from exports.verification.recomputation import company_months, customers
from exports.verification.recomputation.company_months import recompute_company_months
from exports.verification.recomputation.customers import recompute_customers
from tests.support.billing_rows import AS_OF, at, customer, small_operator, transaction
from tests.support.warehouse import Warehouse


def customers_of(warehouse: Warehouse, as_of: datetime | None = None) -> Comparison:
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        return recompute_customers(connection, as_of)


def company_days_of(warehouse: Warehouse, as_of: datetime | None = None) -> Comparison:
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        return recompute_company_months(connection, as_of)


def message(comparison: Comparison) -> list[str]:
    return [str(finding) for finding in comparison.findings]


def test_everything_follows_from_raw_and_whatever_is_broken_is_named(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = small_operator()
    rows["customers"] += [
        customer(21, 3, created_at=at(2, 1), deleted_at=AS_OF + timedelta(days=30)),
        customer(22, 2, "USD", created_at=AS_OF + timedelta(hours=1)),
    ]
    rows["transactions"] += [
        transaction(9001, 21, "service_charge", "-4.5", at(3, 31, 18, 15)),
        transaction(9002, 21, "payment", "9", AS_OF + timedelta(days=2)),
    ]
    warehouse.load(rows, AS_OF)
    warehouse.build()

    whole, days = customers_of(warehouse), company_days_of(warehouse)
    assert (message(whole), message(days)) == ([], [])
    assert whole.checked == 14
    assert days.checked > 300

    monkeypatch.setattr(customers, "NIGHTLY_BOUND", 4)
    monkeypatch.setattr(company_months, "NIGHTLY_MONTHS", 4)
    nights = [
        (customers_of(warehouse, night), company_days_of(warehouse, night))
        for night in (AS_OF + timedelta(days=number) for number in range(4))
    ]
    assert {comparison.nights for pair in nights for comparison in pair} == {4}
    assert sum(pair[0].checked for pair in nights) == whole.checked
    assert sum(pair[1].checked for pair in nights) == days.checked
    assert all(message(comparison) == [] for pair in nights for comparison in pair)

    # a stored state goes wrong, in a way that no check against stored states could see
    warehouse.execute(
        "update marts.fct_customer_history set balance_amount = balance_amount + 0.01,"
        " last_paid_use_at = last_paid_use_at + interval '1 second' where customer_id = 21"
    )
    found = message(customers_of(warehouse))
    when = "2026-03-31T18:15:00.000000Z"
    assert f"customer 21 at {when}: balance_amount -4.49: recomputed from raw: -4.5" in found
    assert any(line.startswith(f"customer 21 at {when}: last_paid_use_at ") for line in found)
    assert all(line.startswith("customer 21 at") for line in found)

    warehouse.execute("delete from marts.fct_customer_history where customer_id = 4")
    assert "customer 4: customer not in the history: recomputed from raw: extracted" in message(
        customers_of(warehouse)
    )

    (row,) = warehouse.rows(
        "update marts.customer_dynamics_daily as daily"
        " set all_count = all_count + 1, refill_amount = refill_amount + 0.5"
        " where company_id = 2 and local_date = '2026-03-08' and active_duration_months = 6"
        " and coalesce(to_jsonb(daily) ->> 'reading', 'branch') = 'branch'"
        " returning all_count, refill_amount"
    )
    assert isinstance(row["refill_amount"], Decimal)
    found = message(company_days_of(warehouse))
    key = "company 2, branch, 2026-03-08, active duration 6"
    assert f"{key}: all_count {row['all_count']}: recomputed from raw: {row['all_count'] - 1}" in found
    # a series of months that sums up its days is off by the same
    assert {line.partition(":")[0] for line in found if "month 2026-03" not in line} == {key}

    # what was loaded by day reaches the series at night
    warehouse.load({}, AS_OF + timedelta(hours=1))
    warehouse.build("--exclude", "tag:nightly")
    by_day = company_days_of(warehouse)
    assert (by_day.found, by_day.checked) == (0, 0)
    assert by_day.skipped.startswith("the series reach 2026-04-15T12:00:00Z, the night's run takes them to")
