"""dim_customer_history: what the loads saw change, and when."""

from datetime import timedelta

from tests.support.billing_operator import AS_OF, START, at, company, customer
from tests.support.warehouse import BuiltWarehouse

ONE_MODEL = ("--select", "+dim_customer_history")


def versions(warehouse: BuiltWarehouse) -> list[tuple[object, ...]]:
    return [
        tuple(row.values())
        for row in warehouse.rows(
            "select customer_id, name, tags, valid_from, valid_to"
            " from marts.dim_customer_history order by 1, 4"
        )
    ]


def test_attributes_change_at_the_time_of_their_source_and_survive_a_full_refresh(
    warehouse: BuiltWarehouse,
) -> None:
    tagged = {"customer_id": 1, "tag": "vip"}
    warehouse.load(
        AS_OF,
        {
            "billing.companies": [company(1, None, "UTC", "EUR")],
            "billing.customers": [customer(1, 1), customer(2, 1), customer(3, 1)],
            "billing.customer_tags": [tagged],
        },
    )
    warehouse.build(*ONE_MODEL)

    renamed_at, tagged_at = at(4, 15, 20), AS_OF + timedelta(days=1)
    renamed = customer(1, 1) | {"name": "Renamed", "updated_at": renamed_at}
    moved_balance = customer(3, 1) | {"balance": 7, "updated_at": renamed_at}
    warehouse.load(AS_OF + timedelta(hours=12), {"billing.customers": [renamed, moved_balance]})
    warehouse.build(*ONE_MODEL)
    warehouse.load(tagged_at, {}, {"billing.customer_tags": [tagged], "billing.customers": [{"id": 2}]})
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
