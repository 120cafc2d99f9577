"""What a build after a build leaves behind, and what the loads saw change."""

from datetime import timedelta

from tests.support.billing_rows import AS_OF, START, at, company, customer, small_operator, transaction
from tests.support.warehouse import Warehouse

# what depends on the builds there were, not on the rows alone
OF_THE_BUILDS = {
    "intermediate.int_reporting_rate_periods",
    "marts.dim_customer_history",
    # count a customer where it stood, by that history
    "intermediate.int_company_activity_changes",
    "marts.customer_activity_monthly",
}


def built_tables(warehouse: Warehouse) -> list[str]:
    return [name for name in warehouse.tables() if name not in OF_THE_BUILDS]


def test_rerun_of_a_build_touches_no_row_and_a_change_only_what_differs(warehouse: Warehouse) -> None:
    warehouse.load(small_operator(), AS_OF)
    warehouse.build()
    before = warehouse.row_versions()
    assert len(before["marts.fct_transactions"]) > 50

    warehouse.build()
    assert warehouse.row_versions() == before

    latest = transaction(9001, 4, "payment", 7, AS_OF + timedelta(days=300), currency="USD")
    warehouse.load({"transactions": [latest]}, AS_OF + timedelta(hours=1))
    warehouse.build("--select", "+fct_customer_history")
    states, after = (
        before["marts.fct_customer_history"],
        warehouse.row_versions()["marts.fct_customer_history"],
    )
    assert len(after) == len(states) + 1
    assert len(set(states) - set(after)) == 1  # the state that the new one ends


def test_changed_rows_end_as_in_a_build_from_nothing(warehouse: Warehouse) -> None:
    """Late, rerated, unconfirmed, deleted (softly, outright), moved to another customer or company."""
    rows = small_operator()
    transactions, customers = rows["transactions"], rows["customers"]
    accounts, subscriptions = rows["accounts"], rows["subscriptions"]
    warehouse.load(rows, AS_OF)
    warehouse.build()

    late = transaction(9001, 4, "service_charge", "-3.25", AS_OF - timedelta(days=60), currency="USD")
    rerated = [row | {"amount": row["amount"] * 2} for row in transactions[::7]]
    unconfirmed = [row | {"confirmed_at": None} for row in transactions[1::14]]
    # the second half of them later, when no row says so any more
    gone = transactions[2::14]
    deleted = [row | {"deleted_at": AS_OF} for row in gone[::2]]
    deleted += [row | {"deleted_at": AS_OF + timedelta(days=10)} for row in gone[1::2]]
    # 4, 7 and 10 share a currency and a company
    moved = [row | {"customer_id": 7} for row in transactions if row["customer_id"] == 10]
    warehouse.load(
        {"transactions": [late, *rerated, *unconfirmed, *deleted, *moved]},
        AS_OF + timedelta(hours=1),
        {
            "transactions": transactions[3::14],
            "customer_tags": rows["customer_tags"][:2],
        },
    )
    warehouse.build()
    warehouse.load(
        {
            "customers": [
                customers[0] | {"company_id": 3},
                customers[1] | {"deleted_at": AS_OF},
                customers[3] | {"currency": "EUR"},
            ],
            "accounts": [accounts[5] | {"customer_id": 8}],
            "subscriptions": [row | {"customer_id": 9} for row in subscriptions[:2]],
        },
        AS_OF + timedelta(days=30),
        {"customers": [customers[2]], "subscriptions": subscriptions[3:4]},
    )
    warehouse.build()
    tables = built_tables(warehouse)
    incremental = warehouse.contents(tables)
    assert warehouse.rows(
        "select true from marts.fct_customer_month_start"
        " where customer_id = 12 and month_start_at = '2026-05-01Z'"
    )  # a month that came meanwhile, of a customer that did not change
    assert {
        row["reason"] for row in warehouse.rows("select reason from marts.fct_transactions_rejected")
    } == {
        "unknown customer",
        "currency differs from the customer's EUR",
    }

    warehouse.forget_builds()
    warehouse.build()

    from_nothing = warehouse.contents(tables)
    assert [name for name in tables if incremental[name] != from_nothing[name]] == []


def test_raw_tables_made_anew_leave_nothing_of_the_old(warehouse: Warehouse) -> None:
    history = ("--select", "+fct_customer_history")
    warehouse.load(small_operator(), AS_OF)
    warehouse.load(small_operator(), AS_OF)
    warehouse.build(*history)
    with_all = warehouse.contents(["marts.dim_customer"])

    other = small_operator()
    other["customers"] = other["customers"][3:]
    for name in ("tags", "accounts", "subscriptions", "transactions"):
        table = f"customer_{name}" if name == "tags" else name
        other[table] = [row for row in other[table] if row["customer_id"] > 3]
    for schema in ("raw_billing", "raw_middleware"):
        warehouse.execute(f"drop schema {schema} cascade")
    warehouse.create_raw_tables()
    warehouse.load(other, AS_OF)
    warehouse.build(*history)

    tables = built_tables(warehouse)
    incremental = warehouse.contents(tables)
    assert len(incremental["marts.dim_customer"]) == len(with_all["marts.dim_customer"]) - 3
    warehouse.forget_builds()
    warehouse.build(*history)
    from_nothing = warehouse.contents(tables)
    assert [name for name in tables if incremental[name] != from_nothing[name]] == []


def test_no_function_names_the_database_which_may_be_copied_under_another_name(
    warehouse: Warehouse,
) -> None:
    warehouse.load(small_operator(), AS_OF)
    warehouse.build()
    functions = warehouse.rows(
        "select proname, strpos(prosrc, current_database()) > 0 as names_it from pg_proc"
        " where pronamespace::regnamespace::text in ('staging', 'intermediate', 'marts')"
    )
    assert len(functions) > 5
    assert [function for function in functions if function["names_it"]] == []


def test_a_table_of_an_earlier_definition_is_made_anew(warehouse: Warehouse) -> None:
    warehouse.load(small_operator(), AS_OF)
    warehouse.build()
    tables = built_tables(warehouse)
    whole = warehouse.contents(tables)

    # as an earlier release left them: other columns, other rows
    warehouse.execute(
        "delete from marts.fct_transactions where kind = 'payment';"
        "alter table marts.fct_hourly_movements drop column package_id;"
        "update app.model_definitions set definition_hash = 'of an earlier release'"
        " where relation_name in ('marts.fct_hourly_movements', 'marts.fct_transactions')"
    )
    warehouse.build()
    assert warehouse.contents(tables) == whole

    warehouse.execute("delete from app.model_definitions where relation_name = 'marts.fct_hourly_movements'")
    warehouse.build()
    assert warehouse.contents(tables) == whole
    later = transaction(9001, 4, "payment", 7, AS_OF + timedelta(days=1), currency="USD")
    warehouse.load({"transactions": [later]}, AS_OF + timedelta(hours=1))
    warehouse.build()
    counted = warehouse.rows("select sum(movement_count) as movements from marts.fct_hourly_movements")
    warehouse.forget_builds()
    warehouse.build()
    assert counted == warehouse.rows(
        "select sum(movement_count) as movements from marts.fct_hourly_movements"
    )


ONE_MODEL = ("--select", "+dim_customer_history")


def versions(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return [
        tuple(row.values())
        for row in warehouse.rows(
            "select customer_id, name, tags, valid_from, valid_to"
            " from marts.dim_customer_history order by 1, 4"
        )
    ]


def test_attributes_change_at_the_time_of_their_source_and_survive_a_full_refresh(
    warehouse: Warehouse,
) -> None:
    tagged = {"customer_id": 1, "tag": "vip"}
    warehouse.load(
        {
            "companies": [company(1, None, "UTC", "EUR")],
            "customers": [customer(1, 1), customer(2, 1), customer(3, 1)],
            "customer_tags": [tagged],
        },
        AS_OF,
    )
    warehouse.build(*ONE_MODEL)

    renamed_at, tagged_at = at(4, 15, 20), AS_OF + timedelta(days=1)
    renamed = customer(1, 1) | {"name": "Renamed", "updated_at": renamed_at}
    moved_balance = customer(3, 1) | {"balance": 7, "updated_at": renamed_at}
    warehouse.load({"customers": [renamed, moved_balance]}, AS_OF + timedelta(hours=12))
    warehouse.build(*ONE_MODEL)
    warehouse.load({}, tagged_at, {"customer_tags": [tagged], "customers": [{"id": 2}]})
    warehouse.build(*ONE_MODEL)

    expected = [
        (1, "Customer 1", ["vip"], START, renamed_at),
        (1, "Renamed", ["vip"], renamed_at, tagged_at),
        (1, "Renamed", [], tagged_at, None),
        (2, "Customer 2", [], START, tagged_at),
        (3, "Customer 3", [], START, None),
    ]
    assert versions(warehouse) == expected
    warehouse.build(*ONE_MODEL, "--full-refresh")
    assert versions(warehouse) == expected
