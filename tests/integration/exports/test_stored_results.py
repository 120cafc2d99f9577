"""A stored result is whole, comes back equal, and never changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from exports.errors import NotFound
from exports.result import new_result_id
from exports.result_store import list_results, load
from tests.support.billing_rows import add_customer, add_movement, add_package, empty_tables
from tests.support.report_rows import NOW, TESTER, report, rows_of
from tests.support.warehouse import Warehouse


@pytest.fixture(scope="module")
def built(shared_warehouse: Warehouse) -> Warehouse:
    """One movement in 2024, built; no test of this module changes it."""
    tables = empty_tables()
    add_customer(tables, 1)
    add_package(tables, 7, "=Silver")
    add_movement(tables, 1, datetime(2024, 3, 15, tzinfo=UTC), "10.005")
    shared_warehouse.hold(tables, datetime(2024, 3, 20, 12, tzinfo=UTC))
    shared_warehouse.build()
    return shared_warehouse


ASKED: dict[str, Any] = {
    "from_date": "2023-12-01",
    "to_date": "2024-12-31",
    "time_zone": "Asia/Kolkata",
    "currency": "EUR",
}


def test_a_result_comes_back_from_the_warehouse_as_it_was_generated(built: Warehouse):
    for grouping in ("", "date", "year,package"):
        result = report(built, ASKED | {"group_by": grouping})
        with psycopg.connect(built.url) as connection:
            assert load(connection, result.result_id) == result
            assert list_results(connection, limit=1)[0].result_id == result.result_id


def test_a_result_tells_its_parameters_intervals_and_origin(built: Warehouse):
    result = report(built, ASKED | {"group_by": "month"})
    assert result.parameters["group_by"] == ["month"]
    assert result.generated_by == TESTER
    assert result.as_of == NOW
    assert result.duration_seconds > 0
    assert result.data_through == {"billing": datetime(2024, 3, 20, 12, tzinfo=UTC)}
    assert result.asked_interval.ends_at == datetime(2024, 12, 31, 18, 30, tzinfo=UTC)
    assert result.data_interval is not None
    assert result.data_interval.ends_at == datetime(2024, 3, 20, 12, tzinfo=UTC)
    months = [row["Month"] for row in rows_of(result)]
    assert months == ["2023-12", "2024-01", "2024-02", "2024-03", "Total"]


def test_nobody_changes_a_stored_result_not_even_its_owner(built: Warehouse):
    stored = report(built, ASKED)
    for statement in (
        "update app.report_results set report = 'x'",
        "delete from app.report_results",
        "truncate app.report_results cascade",
    ):
        for url in (built.url, built.admin_url):
            with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    with psycopg.connect(built.url) as connection:
        assert load(connection, stored.result_id) == stored


def test_ids_of_results_cannot_be_guessed(built: Warehouse):
    assert len({new_result_id() for _ in range(1000)}) == 1000
    with psycopg.connect(built.url) as connection, pytest.raises(NotFound, match="no stored result 'abc'"):
        load(connection, "abc")


def test_a_result_of_the_release_before_is_shown_with_its_groups(built: Warehouse):
    """Its columns named neither groups nor currencies, and its months were texts."""
    result = report(built, ASKED | {"group_by": "month"})
    result_id = new_result_id()
    with psycopg.connect(built.url) as connection:
        connection.execute(
            """
            insert into app.report_results
                (result_id, report, as_of, generated_by, role, duration_seconds, row_count, content)
            select %(new)s, report, as_of, generated_by, role, duration_seconds, row_count,
                jsonb_set(content::jsonb, '{columns}', (
                    select jsonb_agg(
                        jsonb_build_object(
                            'label', told->'label',
                            'kind', case when told->>'label' = 'Month' then '"text"' else told->'kind' end
                        )
                        order by number
                    )
                    from jsonb_array_elements(content::jsonb->'columns') with ordinality as c (told, number)
                ))::json
            from app.report_results where result_id = %(old)s
            """,
            {"new": result_id, "old": result.result_id},
        )
        old = load(connection, result_id)
    assert [column.group for column in old.columns] == [column.group for column in result.columns]
    assert rows_of(old) == rows_of(result)
