"""What every build carries: rules that hold, keys where a BI tool looks for them, reading rights."""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from tests.support.warehouse import Warehouse

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


def test_the_rules_hold_and_tables_have_their_keys_and_a_row_that_breaks_one_only_warns(
    warehouse: Warehouse,
) -> None:
    warehouse.load({}, datetime(2026, 1, 1, tzinfo=UTC))
    warehouse.build()
    assert len(warehouse.dbt("test", "--select", "test_type:unit")) >= 7
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


TWO_MODELS = ("--select", "dim_date", "fct_exchange_rates", "+fct_exchange_rates")
READ = "select count(*) from marts.dim_date union all select count(*) from marts.fct_exchange_rates"


@pytest.fixture
def read(warehouse: Warehouse, as_bi_reader: Callable[[str], str]) -> Callable[[], list]:
    """Reads a table and a view of the marts as a member of bi_reader."""
    url = as_bi_reader(warehouse.admin_url)

    def rows() -> list:
        with psycopg.connect(url) as connection:
            return connection.execute(READ).fetchall()

    return rows


def test_a_table_or_schema_made_anew_can_be_read_at_once(
    warehouse: Warehouse, read: Callable[[], list]
) -> None:
    warehouse.build(*TWO_MODELS)
    assert len(read()) == 2
    warehouse.build(*TWO_MODELS, "--full-refresh")
    assert len(read()) == 2
    warehouse.execute("drop schema marts cascade")
    warehouse.build(*TWO_MODELS)
    assert len(read()) == 2


def test_a_schema_without_its_grant_is_mended_by_the_next_run(
    warehouse: Warehouse, read: Callable[[], list]
) -> None:
    warehouse.build(*TWO_MODELS)
    warehouse.execute("revoke usage on schema marts from bi_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read()
    warehouse.build("--select", "dim_date")
    assert len(read()) == 2
