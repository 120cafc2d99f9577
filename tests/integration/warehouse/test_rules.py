"""The rules of the customer side, each from small tables."""

from datetime import UTC, datetime

from tests.support.warehouse import BuiltWarehouse


def test_the_unit_tests_of_the_rules_pass(warehouse: BuiltWarehouse) -> None:
    warehouse.load(datetime(2026, 1, 1, tzinfo=UTC), {})
    warehouse.build()
    results = warehouse.dbt("test", "--select", "test_type:unit")
    assert len(results) >= 7
