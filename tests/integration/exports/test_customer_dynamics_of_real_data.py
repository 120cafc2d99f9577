"""Figures that others published: Sakila's payments per month, day and store, and the ECB's rates."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.support.billing_rows import (
    add_company,
    add_customer,
    add_movement,
    add_rate,
    empty_tables,
)
from tests.support.public_data import public_data
from tests.support.report_rows import report, rows_of
from tests.support.warehouse import Warehouse


def sakila(name: str) -> Iterator[dict[str, str]]:
    with public_data(f"sakila/{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_sakila_as_two_companies_gives_the_published_payments(warehouse: Warehouse):
    tables = empty_tables()
    add_company(tables, 11, 1)
    add_company(tables, 12, 1)
    for row in sakila("customer"):
        add_customer(tables, int(row["customer_id"]), company_id=10 + int(row["store_id"]), currency="USD")
    for row in sakila("payment"):
        paid_at = datetime.fromisoformat(row["payment_date"]).replace(tzinfo=UTC)
        add_movement(tables, int(row["customer_id"]), paid_at, row["amount"], currency="USD")
    warehouse.hold(tables, datetime(2006, 3, 1, tzinfo=UTC))
    warehouse.build()

    asked: dict[str, Any] = {
        "from_date": "2005-05-01",
        "to_date": "2006-02-28",
        "time_zone": "UTC",
        "currency": "USD",
    }
    by_month = rows_of(report(warehouse, asked | {"group_by": "month"}))
    totals = {row["Month"]: row["Balance Refill: Total"] for row in by_month}
    assert {month: total for month, total in totals.items() if total} == {
        "2005-05": Decimal("4824.43"),
        "2005-06": Decimal("9631.88"),
        "2005-07": Decimal("28373.89"),
        "2005-08": Decimal("24072.13"),
        "2006-02": Decimal("514.18"),
        "Total": Decimal("67416.51"),
    }
    by_store = [rows_of(report(warehouse, asked | {"company_id": company}))[0] for company in (11, 12)]
    assert [row["Clients - All: Qty"] for row in by_store] == [326, 273]
    assert sum(Decimal(str(row["Balance Refill: Total"])) for row in by_store) == Decimal("67416.51")

    by_day = rows_of(report(warehouse, asked | {"to_date": "2005-06-17", "group_by": "date"}))
    days = {row["Date"]: row for row in by_day}
    assert days["2005-05-24"]["Balance Refill: Total"] == Decimal("29.92")
    assert days["Total"]["Balance Refill: Total"] == Decimal("8941.30")
    assert days["2005-06-17"]["Clients - All: Balance"] == Decimal("8941.30")


def test_ecb_rates_convert_as_published_over_weekends_holes_and_ended_currencies(warehouse: Warehouse):
    tables = empty_tables()
    add_customer(tables, 1, currency="EUR")
    add_customer(tables, 2, currency="ISK")
    with zipfile.ZipFile(public_data("fx/eurofxref-hist.zip")) as archive:
        text = archive.read("eurofxref-hist.csv").decode()
    rates: dict[tuple[str, str], str] = {}
    for row in csv.DictReader(io.StringIO(text)):
        for currency in ("USD", "ISK"):
            if row.get(currency, "N/A") not in {"N/A", ""} and "2008-06-01" <= row["Date"] <= "2013-12-31":
                rates[currency, row["Date"]] = row[currency]
                add_rate(tables, "EUR", currency, date.fromisoformat(row["Date"]), row[currency])
    thursday, saturday = datetime(2013, 3, 21, 12, tzinfo=UTC), datetime(2013, 3, 23, 12, tzinfo=UTC)
    add_movement(tables, 1, thursday, "100")
    add_movement(tables, 1, saturday, "100")
    add_movement(tables, 2, thursday, "29000", currency="ISK")
    warehouse.hold(tables, datetime(2014, 1, 1, tzinfo=UTC))
    warehouse.build()

    def refilled(currency: str, day: str, **filters: object) -> object:
        asked = {"from_date": day, "to_date": day, "time_zone": "UTC", "currency": currency, **filters}
        (row,) = rows_of(report(warehouse, asked))
        return row["Balance Refill: Total"]

    friday = Decimal(rates["USD", "2013-03-22"])
    assert refilled("USD", "2013-03-23") == (100 * friday).quantize(Decimal("0.0001"))
    # the krona has no rate from December 2008 to 2018: the last one before holds on
    last_krona = Decimal(max(rate for rate in rates.items() if rate[0][0] == "ISK")[1])
    krona = (29000 / last_krona).quantize(Decimal("0.0001"))
    assert refilled("EUR", "2013-03-21") == 100 + krona
    dollars = Decimal(rates["USD", "2013-03-21"])
    assert 100 * dollars == Decimal("129.10")
    assert refilled("USD", "2013-03-21") == Decimal("129.10") + (29000 / last_krona * dollars).quantize(
        Decimal("0.0001")
    )
