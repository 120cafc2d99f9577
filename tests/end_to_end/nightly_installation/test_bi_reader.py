"""What a BI tool's login sees of a warehouse after a night: a member of bi_reader, and of nothing else."""

import re
from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from orchestration.settings import Settings
from tests.support.installation import ROOT, rows

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
# branches of one zone: others cut their months at other instants
READINGS = """
    select
        sum(monthly.all_count) filter (where monthly.reading = 'own'),
        max(monthly.all_count) filter (
            where monthly.reading = 'branch' and monthly.company_id = top.company_id
        )
    from marts.dim_company as top
    join marts.dim_company as below on top.company_id = any(below.path)
    join marts.customer_dynamics_monthly as monthly on monthly.company_id = below.company_id
    where monthly.active_duration_months = 1 and monthly.month_start_date = '2026-02-01'
    group by top.company_id
    having count(distinct below.time_zone) = 1
"""


@pytest.fixture
def reader(nightly_installation: Settings, as_bi_reader: Callable[[str], str]) -> psycopg.Connection:
    """A connection as the reading login."""
    url = as_bi_reader(nightly_installation.warehouse_login())
    return psycopg.connect(url, autocommit=True)


def test_it_reads_every_relation_of_marts_and_closed(
    nightly_installation: Settings, reader: psycopg.Connection
) -> None:
    published = [name for name in rows(nightly_installation, RELATIONS) if name[0] in PUBLISHED]
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


def test_it_reads_and_writes_nothing_else(nightly_installation: Settings, reader: psycopg.Connection) -> None:
    relations = rows(nightly_installation, RELATIONS)
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


def test_own_customers_add_up_to_the_branch(reader: psycopg.Connection) -> None:
    with reader:
        found = reader.execute(READINGS).fetchall()
    assert sum(branch for _, branch in found) > 0
    assert all(own == branch for own, branch in found)


def test_the_guide_has_its_ten_questions() -> None:
    assert len(QUESTIONS) == 10
