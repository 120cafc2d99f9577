"""Rows that cannot be right: kept aside or refused in words that name them, and nothing else is lost."""

from datetime import timedelta
from typing import Any

from tests.integration.warehouse.billing_house import AS_OF, at, company, customer, transaction
from tests.integration.warehouse.built_warehouse import MODELS_ONLY, BuiltWarehouse


def test_impossible_billing_rows_are_named_and_the_rest_is_built(warehouse: BuiltWarehouse) -> None:
    warehouse.load(
        AS_OF,
        {
            "billing.companies": [
                company(1, None, "UTC", "EUR"),
                company(2, 3, "UTC", "EUR"),
                company(3, 2, "UTC", "EUR"),
            ],
            "billing.customers": [customer(1, 1)],
            "billing.transactions": [
                transaction(11, 1, "payment", 5, at(1, 1)),
                transaction(12, 1, "payment", 5, at(1, 1), currency="XXX"),
                transaction(13, 99, "payment", 5, at(1, 1)),
            ],
        },
    )
    warehouse.build("--exclude", "tag:nightly")

    assert warehouse.rows("select transaction_id from marts.fct_transactions") == [{"transaction_id": 11}]
    said = warehouse.failures("test", "--select", "test_type:singular", "--exclude", "tag:nightly")
    rejected = said["no_transaction_is_rejected"]
    assert "12 (currency differs from the customer's EUR), 13 (unknown customer)" in rejected
    assert "ancestors lead back to them: 2, 3" in said["company_tree_has_no_cycle"]
    assert set(said) == {"no_transaction_is_rejected", "company_tree_has_no_cycle"}


def test_series_refuse_a_missing_rate_by_name(warehouse: BuiltWarehouse) -> None:
    warehouse.load(
        AS_OF,
        {
            "billing.companies": [company(1, None, "UTC", "EUR")],
            "billing.customers": [customer(1, 1, "JPY"), customer(2, 1, "CHF")],
            "billing.transactions": [transaction(11, 1, "payment", 5, at(4, 14, 3), currency="JPY")],
        },
    )
    said = warehouse.failures("build", "--select", "+customer_dynamics_daily", *MODELS_ONLY)
    # nothing was ever owed or paid in CHF: no rate of it is asked for
    assert "no exchange rate from JPY to EUR on or before 2026-04-14" in said["customer_dynamics_daily"]
    assert set(said) == {"customer_dynamics_daily"}


def test_documents_of_all_versions_are_read_or_set_aside_with_a_reason(warehouse: BuiltWarehouse) -> None:
    def session(key: str, **fields: Any) -> dict[str, Any]:
        started_at = {"$date": {"$numberLong": "1767225600123"}}
        given = {"client_id": 1, "account_id": 7, "started_at": started_at} | fields
        return {"_id": key, "document": {name: value for name, value in given.items() if value is not ...}}

    warehouse.load(
        AS_OF,
        {
            "middleware.online_sessions": [
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
    )
    warehouse.build(
        "--select", "path:functions/documents", "+path:models/staging/middleware", "+fct_online_sessions"
    )

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
