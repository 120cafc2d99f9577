"""A rate that is missing and marts that are not built are errors that name what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from exports.errors import MissingRate, NotReady
from orchestration.cli.app import run
from orchestration.dagster_home import dagster_instance
from orchestration.settings import load_settings
from tests.support.billing_rows import a_small_tree, add_customer, add_movement
from tests.support.report_rows import MARCH, report, rows_of, stored_results
from tests.support.warehouse import Warehouse


def test_a_missing_rate_is_an_error_that_names_currency_and_date(warehouse: Warehouse):
    tables = a_small_tree()
    add_customer(tables, 9, currency="GBP")
    add_movement(tables, 9, datetime(2024, 3, 8, tzinfo=UTC), "5.00", currency="GBP")
    # amounts that cancel out need a rate as any others do
    add_movement(tables, 9, datetime(2024, 3, 8, tzinfo=UTC), "-5.00", currency="GBP")
    add_movement(tables, 9, datetime(2024, 2, 1, tzinfo=UTC), "0.00", currency="GBP")
    warehouse.hold(tables, datetime(2024, 4, 10, tzinfo=UTC))
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


def test_a_warehouse_without_marts_or_loads_says_what_to_run(warehouse: Warehouse):
    with pytest.raises(NotReady, match="subdyn run nightly"):
        report(warehouse, MARCH)


ASK = ["report", "customer-dynamics", "--timezone", "UTC", "--interval", "last-month", "--currency", "EUR"]


def test_after_a_failed_run_a_report_names_what_was_never_loaded_and_what_failed(
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    for name, value in {
        "WAREHOUSE_URL": warehouse.admin_url,
        "BILLING_URL": "postgresql://nobody@127.0.0.1:1/billing",
        "PLATFORM_URL": "",
        "MIDDLEWARE_URL": "",
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"SUBDYN_{name}", value)

    assert run(ASK) == 1
    assert capsys.readouterr().err.rstrip().endswith("; run: subdyn run nightly")

    warehouse.hold(a_small_tree(), datetime(2024, 4, 10, tzinfo=UTC))
    with psycopg.connect(warehouse.url, autocommit=True) as connection:
        connection.execute("delete from raw_billing.watermarks where table_name in ('users', 'accounts')")

    @dg.op(name="raw__billing__users")
    def load_users() -> None:
        raise dg.Failure("billing cannot be reached")

    @dg.graph
    def nightly() -> None:
        load_users()

    with dagster_instance(load_settings()) as instance:
        job = nightly.to_job(name="nightly")
        assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    assert run(ASK) == 1
    (message,) = capsys.readouterr().err.splitlines()[-1:]
    assert "; billing.users, billing.accounts were never loaded; the last run, nightly, failed at " in message
    assert (
        "UTC: raw__billing__users: billing cannot be reached; mend that, then: subdyn run nightly" in message
    )
