"""What the database says of itself: every relation, column and function bears its description."""

from typing import Any

import pytest

from orchestration.dbt_resource import prepared_manifest
from orchestration.settings import Settings
from tests.support.installation import rows

OURS = "n.nspname !~ '^(pg_|information_schema|public)'"


@pytest.mark.parametrize(
    "undescribed",
    [
        f"""
        select n.nspname, c.relname
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm') and {OURS}
            and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
        """,
        f"""
        select n.nspname, c.relname, a.attname
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p', 'v', 'm') and {OURS}
            and coalesce(col_description(c.oid, a.attnum), '') = ''
        """,
        f"""
        select n.nspname, p.proname
        from pg_proc as p
        join pg_namespace as n on n.oid = p.pronamespace
        where {OURS} and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
        """,
    ],
    ids=["relations", "columns", "functions"],
)
def test_everything_is_described(nightly_installation: Settings, undescribed: str) -> None:
    assert rows(nightly_installation, f"{undescribed} order by 1, 2") == []


def test_closed_tables_are_described_to_dagster_as_the_migrations_describe_them(
    nightly_installation: Settings,
) -> None:
    manifest: dict[str, Any] = prepared_manifest(nightly_installation)
    described = {
        (node["name"], column["name"]): column["description"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "closed"
        for column in node["columns"].values()
    }
    tables = sorted({table for table, _ in described})
    assert tables == ["restatements", "subscriber_metrics_monthly"]
    found = rows(
        nightly_installation,
        f"""
        select c.relname, a.attname, col_description(c.oid, a.attnum)
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.oid in ('closed.{tables[0]}'::regclass, 'closed.{tables[1]}'::regclass)
        """,
    )
    assert {(table, column): text for table, column, text in found} == described
