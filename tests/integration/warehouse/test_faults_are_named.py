"""Rows that cannot be right: kept aside or refused in words that name them, and nothing else is lost."""

from datetime import timedelta
from typing import Any

import psycopg

from orchestration.dbt_tests import failing_rows
from orchestration.reconciliation import balance_differences, conservation_breaks
from tests.support.billing_rows import AS_OF, at, company, customer, transaction
from tests.support.warehouse import MODELS_ONLY, Warehouse


def test_impossible_billing_rows_are_set_aside_and_the_rest_is_built(warehouse: Warehouse) -> None:
    warehouse.load(
        {
            "companies": [
                company(1, None, "UTC", "EUR"),
                company(2, 3, "UTC", "EUR"),
                company(3, 2, "UTC", "EUR"),
                company(4, None, "Mars/Olympus", "EUR"),
                company(5, None, "UTC+3", "EUR"),
                company(6, None, " europe/KYIV\t", "EUR"),
            ],
            "customers": [customer(1, 1, balance=12), customer(2, 1, type="guest")],
            "transactions": [
                transaction(11, 1, " Payment", 5, at(1, 1), currency="eur "),
                transaction(15, 2, "payment", 5, at(1, 1)),
                transaction(16, 2, "payment", 5, at(1, 1), deleted_at=AS_OF),
                transaction(12, 1, "payment", 5, at(1, 1), currency="XXX"),
                transaction(13, 99, "payment", 5, at(1, 1)),
                transaction(14, 1, "tip", 7, at(1, 1)),
            ],
        },
        AS_OF,
    )
    # a driver has no word for the instants that lie ahead of everything and behind it
    warehouse.execute(
        "update raw_billing.customers set created_at = '-infinity', deleted_at = 'infinity' where id = 2;"
        "update raw_billing.transactions set confirmed_at = 'infinity' where id = 15"
    )
    warehouse.build("--exclude", "tag:nightly")

    assert warehouse.rows("select transaction_id from marts.fct_transactions") == [{"transaction_id": 11}]
    zones = warehouse.rows("select distinct time_zone from intermediate.int_local_days order by 1")
    assert [row["time_zone"] for row in zones] == ["Europe/Kyiv", "UTC"]
    found = warehouse.findings("--select", "test_type:singular", "--exclude", "tag:nightly")
    assert {name: (status, str(rows)) for name, (status, rows) in found.items()} == {
        "no_transaction_is_rejected": (
            "warn",
            "transaction_id 12, customer_id 1, kind payment, amount 5.000000, currency XXX,"
            " reason currency differs from the customer's EUR;"
            " transaction_id 13, customer_id 99, kind payment, amount 5.000000, currency EUR,"
            " reason unknown customer;"
            " transaction_id 14, customer_id 1, kind tip, amount 7.000000, currency EUR,"
            " reason unknown kind tip",
        ),
        "companies_have_a_known_zone": (
            "warn",
            "company_id 4, name Company 4, source_time_zone Mars/Olympus,"
            " reason no zone of the IANA database;"
            " company_id 5, name Company 5, source_time_zone UTC+3, reason no zone of the IANA database",
        ),
        "customers_have_a_known_type": (
            "warn",
            "customer_id 2, name Customer 2, source_customer_type guest, reason none of the known types",
        ),
        "company_tree_has_no_cycle": (
            "fail",
            "company_id 2, name Company 2, parent_company_id 3, reason its ancestors lead back to it;"
            " company_id 3, name Company 3, parent_company_id 2, reason its ancestors lead back to it",
        ),
    }
    # what is set aside is accounted for: neither lost, nor a difference to the balance that the source keeps
    with psycopg.connect(warehouse.url) as connection:
        assert conservation_breaks(connection) == []
        assert balance_differences(connection, AS_OF) == []


def test_the_tests_of_a_column_show_the_key_the_value_and_the_reason(warehouse: Warehouse) -> None:
    warehouse.execute("create schema if not exists marts")
    warehouse.execute("create table marts.seats (seat_id int, login text, kind text, company_id int)")
    warehouse.execute(
        "insert into marts.seats values (1, 'a|b', 'x', 7), (2, 'a|b', null, null), (3, '<b>', 'y', 8)"
    )
    model = {"unique_id": "model.seats", "schema": "marts", "alias": "seats", "primary_key": ["seat_id"]}

    def found(name: str, compiled: str, **given: Any) -> tuple[tuple[str, ...], ...]:
        test = {"attached_node": "model.seats", "test_metadata": {"name": name, "kwargs": given}}
        with psycopg.connect(warehouse.url) as connection:
            return failing_rows(connection, {"nodes": {"model.seats": model}}, test, compiled).rows

    try:
        assert found("not_null", "select kind from marts.seats where kind is null", column_name="kind") == (
            ("2", "", "kind is empty"),
        )
        assert found(
            "unique",
            "select login as unique_field from marts.seats group by login having count(*) > 1",
            column_name="login",
        ) == (("1", "a|b", "login is there more than once"), ("2", "a|b", "login is there more than once"))
        assert found(
            "relationships",
            "select company_id as from_field from marts.seats where company_id = 8",
            column_name="company_id",
            to="ref('dim_company')",
            field="company_id",
        ) == (("3", "8", "company_id is no company_id of dim_company"),)
        assert found(
            "accepted_values",
            "select kind as value_field from marts.seats where kind not in ('x') group by kind",
            column_name="kind",
            values=["x"],
        ) == (("3", "y", "kind is none of x"),)
    finally:
        warehouse.execute("drop table marts.seats")


def test_a_missing_rate_leaves_reporting_amounts_empty_and_refuses_those_of_a_company_by_name(
    warehouse: Warehouse,
) -> None:
    warehouse.load(
        {
            "companies": [company(1, None, "UTC", "EUR")],
            "customers": [customer(2, 1)],
            "transactions": [transaction(21, 2, "payment", 5, at(4, 14, 3))],
        },
        AS_OF,
    )
    warehouse.build("--select", "+customer_dynamics_monthly", "+customer_cohorts_monthly")
    shown = warehouse.rows(
        "select local_date, refill_amount, reporting_refill_amount, reporting_all_balance_amount,"
        " reporting_renewal_amount, reporting_currency from marts.customer_dynamics_daily"
        " where reading = 'own' and active_duration_months = 1 and local_date between '2026-04-13'"
        " and '2026-04-14' order by 1"
    )
    assert [tuple(row.values())[1:] for row in shown] == [(0, 0, 0, 0, "USD"), (5, None, None, 0, "USD")]
    for mart in ("customer_dynamics_monthly", "customer_cohorts_monthly"):
        april = warehouse.rows(
            f"select distinct refill_amount, reporting_refill_amount from marts.{mart}"
            " where month_start_date = '2026-04-01'"
        )
        assert [tuple(row.values()) for row in april] == [(5, None)]
    warned = warehouse.dbt("test", "--select", "reporting_rates_are_known")["reporting_rates_are_known"]
    assert (warned.status, warned.failures) == ("warn", 2)
    assert [row["reason"] for row in warehouse.rows(warned.node.compiled_code)] == [
        f"no exchange rate from EUR to USD on or before 2026-04-{day}" for day in (14, 15)
    ]

    warehouse.load(
        {
            "companies": [company(1, None, "UTC", "EUR")],
            "customers": [customer(1, 1, "JPY"), customer(2, 1, "CHF")],
            "transactions": [transaction(11, 1, "payment", 5, at(4, 14, 3), currency="JPY")],
        },
        AS_OF,
    )
    said = warehouse.failures("build", "--select", "+customer_dynamics_daily", *MODELS_ONLY)
    # nothing was ever owed or paid in CHF: no rate of it is asked for
    assert "no exchange rate from JPY to EUR on or before 2026-04-14" in said["customer_dynamics_daily"]
    assert set(said) == {"customer_dynamics_daily"}


def test_documents_of_all_versions_are_read_or_set_aside_with_a_reason(warehouse: Warehouse) -> None:
    def session(key: str, **fields: Any) -> dict[str, Any]:
        started_at = {"$date": {"$numberLong": "1767225600123"}}
        given = {"client_id": 1, "account_id": 7, "started_at": started_at} | fields
        return {"_id": key, "document": {name: value for name, value in given.items() if value is not ...}}

    warehouse.load(
        {
            "online_sessions": [
                session("canonical", customer_id={"$numberLong": "5"}, device={"uid": "d", "type": "stb"}),
                session("renamed", client_id=..., clientId={"$numberInt": "1"}, device_type="stb"),
                session("text", account_id=" 7 ", started_at="2026-01-01T01:00:00.123+01:00"),
                session("double", account_id={"$numberDouble": "7.0"}, customer_id={"$numberDecimal": "5"}),
                session("naive", started_at="2026-01-01 00:00:00.123", ended_at=None),
                session("missing", account_id=...),
                session("half", account_id={"$numberDouble": "7.5"}),
                session("huge", account_id="99999999999999999999"),
                session("no such day", started_at="2026-02-30T00:00:00Z"),
                session("late end", ended_at="soon"),
            ]
        },
        AS_OF,
    )
    warehouse.build("--select", "document_*", "+path:models/staging/middleware", "+fct_online_sessions")

    begun = warehouse.rows("select distinct account_id, started_at from marts.fct_online_sessions")
    assert begun == [{"account_id": 7, "started_at": at(1, 1) + timedelta(milliseconds=123)}]
    keys = warehouse.rows(
        "select session_id, device_type, customer_id from marts.fct_online_sessions order by 1"
    )
    assert [tuple(row.values()) for row in keys] == [
        ("canonical", "stb", 5),
        ("double", None, 5),
        ("naive", None, None),
        ("renamed", "stb", None),
        ("text", None, None),
    ]
    rejected = warehouse.rows("select document_id, reason from staging.stg_middleware__rejected_documents")
    assert {row["document_id"]: row["reason"] for row in rejected} == {
        "missing": "account_id is missing",
        "half": 'account_id cannot be read: {"$numberDouble": "7.5"}',
        "huge": 'account_id cannot be read: "99999999999999999999"',
        "no such day": 'started_at cannot be read: "2026-02-30T00:00:00Z"',
        "late end": 'ended_at cannot be read: "soon"',
    }
    assert warehouse.failures("test", "--select", "middleware_documents_are_conserved") == {}
