"""The keys of the marts where a BI tool looks for them: in the catalogue, as JDBC drivers ask it."""

from datetime import UTC, datetime

from tests.support.warehouse import BuiltWarehouse

KEYS = """
select conrelid::regclass::text as child, confrelid::regclass::text as parent, conenforced as is_enforced
from pg_constraint
where contype = %s and connamespace = 'marts'::regnamespace
"""
STAR = {
    ("marts.fct_transactions", "marts.dim_customer"),
    ("marts.fct_transactions", "marts.dim_company"),
    ("marts.fct_transactions", "marts.dim_package"),
    ("marts.dim_customer", "marts.dim_company"),
    ("marts.dim_customer", "marts.dim_owner"),
    ("marts.fct_customer_packages", "marts.dim_package"),
    ("marts.customer_dynamics_daily", "marts.dim_company"),
}


def test_tables_have_their_keys_and_a_row_that_breaks_one_only_warns(warehouse: BuiltWarehouse) -> None:
    warehouse.load(datetime(2026, 1, 1, tzinfo=UTC), {})
    warehouse.build()
    tables = {name for name in warehouse.tables() if name.startswith("marts.")}
    without_key = tables - {row["child"] for row in warehouse.rows(KEYS, "p")}
    assert without_key == {"marts.fct_hourly_movements"}  # one of its keys' columns may be empty
    foreign = warehouse.rows(KEYS, "f")
    assert {(row["child"], row["parent"]) for row in foreign} >= STAR
    assert not any(row["is_enforced"] for row in foreign)
    # a parent rebuilt takes the keys that point to it along
    warehouse.dbt("run", "--full-refresh", "--select", "dim_customer")
    assert {(row["child"], row["parent"]) for row in warehouse.rows(KEYS, "f")} >= STAR
    warehouse.execute(
        "insert into marts.dim_owner (owner_user_id, company_id, login, name) values (1, 99, 'a', 'A')"
    )
    results = warehouse.dbt("test", "--select", "dim_owner,test_name:relationships")
    assert "warn" in {result.status.value for result in results.values()}
