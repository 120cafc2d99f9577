"""What the database says of itself: every relation, column and function bears its description."""

import pytest

from orchestration.settings import Settings
from tests.end_to_end.house import rows

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
def test_everything_is_described(nightly_house: Settings, undescribed: str) -> None:
    assert rows(nightly_house, f"{undescribed} order by 1, 2") == []
