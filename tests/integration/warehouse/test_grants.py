"""Reading rights come with the relations, however these came to be."""

from collections.abc import Callable

import psycopg
import pytest

from tests.support.warehouse import BuiltWarehouse

TWO_MODELS = ("--select", "dim_date", "fct_exchange_rates", "+fct_exchange_rates")
READ = "select count(*) from marts.dim_date union all select count(*) from marts.fct_exchange_rates"


@pytest.fixture
def read(warehouse: BuiltWarehouse, as_bi_reader: Callable[[str], str]) -> Callable[[], list]:
    """Reads a table and a view of the marts as a member of bi_reader."""
    url = as_bi_reader(warehouse.admin_url)

    def rows() -> list:
        with psycopg.connect(url) as connection:
            return connection.execute(READ).fetchall()

    return rows


def test_a_table_or_schema_made_anew_can_be_read_at_once(
    warehouse: BuiltWarehouse, read: Callable[[], list]
) -> None:
    warehouse.build(*TWO_MODELS)
    assert len(read()) == 2
    warehouse.build(*TWO_MODELS, "--full-refresh")
    assert len(read()) == 2
    warehouse.execute("drop schema marts cascade")
    warehouse.build(*TWO_MODELS)
    assert len(read()) == 2


def test_a_schema_without_its_grant_is_mended_by_the_next_run(
    warehouse: BuiltWarehouse, read: Callable[[], list]
) -> None:
    warehouse.build(*TWO_MODELS)
    warehouse.execute("revoke usage on schema marts from bi_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        read()
    warehouse.build("--select", "dim_date")
    assert len(read()) == 2
