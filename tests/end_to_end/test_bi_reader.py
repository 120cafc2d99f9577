"""What a BI tool's login sees of a warehouse after a night: a member of bi_reader, and of nothing else."""

import re
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from orchestration.settings import Settings
from tests.end_to_end.house import ROOT, rows

RELATIONS = """
    select n.nspname, c.relname
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)'
    order by 1, 2
"""
PUBLISHED = ("marts", "closed")
# one statement per question, as it stands in the guide
QUESTIONS = dict(
    re.findall(r"### \d+\. (.+?)\n\n```sql\n(.+?)```", (ROOT / "docs" / "bi.md").read_text(), re.DOTALL)
)
READINGS = """
    select
        sum(all_count) filter (where reading = 'own'),
        sum(all_count) filter (where reading = 'branch' and parent_company_id is null)
    from marts.customer_dynamics_monthly
    join marts.dim_company using (company_id)
    where active_duration_months = 1 and month_start_date = '2026-02-01'
"""


@pytest.fixture
def reader(nightly_house: Settings, as_bi_reader: Callable[[str], str]) -> psycopg.Connection:
    """A connection as the reading login."""
    url = as_bi_reader(nightly_house.warehouse_login())
    return psycopg.connect(url, autocommit=True)


def test_it_reads_every_relation_of_marts_and_closed(
    nightly_house: Settings, reader: psycopg.Connection
) -> None:
    published = [name for name in rows(nightly_house, RELATIONS) if name[0] in PUBLISHED]
    with reader:
        # every row, every column: a view calls its functions with the reader's rights
        count = {
            f"{schema}.{name}": len(
                reader.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name))).fetchall()
            )
            for schema, name in published
        }
    assert len(count) > 30
    empty = {name for name, number in count.items() if number == 0}
    assert {name for name in empty if not name.startswith("closed.")} <= {"marts.fct_transactions_rejected"}


def test_it_reads_and_writes_nothing_else(nightly_house: Settings, reader: psycopg.Connection) -> None:
    relations = rows(nightly_house, RELATIONS)
    with reader:
        for relation in (sql.Identifier(*name) for name in relations if name[0] not in PUBLISHED):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(sql.SQL("select * from {}").format(relation))
        writable = reader.execute(
            "select oid::regclass from pg_class where relkind in ('r', 'p', 'v', 'm', 'S', 'f')"
            " and relnamespace <> 'pg_catalog'::regnamespace"
            " and has_table_privilege(oid, 'insert, update, delete, truncate')"
        )
        assert writable.fetchall() == []
        for schema in ("marts", "closed", "staging", "public"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(sql.SQL("create table {} ()").format(sql.Identifier(schema, "of_the_reader")))


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_the_questions_of_the_guide(question: str, reader: psycopg.Connection) -> None:
    with reader:
        assert reader.execute(QUESTIONS[question].encode()).fetchone() is not None


def test_own_customers_add_up_to_the_branch_at_the_top(reader: psycopg.Connection) -> None:
    with reader:
        own, branch = reader.execute(READINGS).fetchone() or (0, 0)
    assert own == branch > 0
    assert len(QUESTIONS) == 10
