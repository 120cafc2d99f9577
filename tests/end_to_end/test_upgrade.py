"""A home and a warehouse of the release before, kept by earlier_release.py, upgrade by themselves."""

import lzma
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from demo.embedded_postgres import program
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.customer_dynamics.report import generate
from exports.result import GeneratedBy
from exports.result_store import load
from orchestration.migrate import migrate, pending
from orchestration.settings import Settings
from tests.end_to_end.earlier_release import ANCHORS, DAGSTER, WAREHOUSE, make_small_operator
from tests.support.installation import AS_OF, OperatorUrls, rows, settings_of, subdyn
from tests.support.servers import MongoServer, PostgresServer

RELEASE = Path(__file__).parent / "release_0_1_0"
CLOSED = "select to_jsonb(closed_month) from closed.subscriber_metrics_monthly as closed_month order by 1"
LEDGER = "select to_jsonb(restatement) from closed.restatements as restatement order by 1"
REPORT = "select result_id from app.report_results where report = 'customer-dynamics'"


@pytest.fixture
def earlier(
    postgres_server: PostgresServer, mongo_server: MongoServer, fresh_database: str, home: Path
) -> Iterator[tuple[str, OperatorUrls]]:
    """The warehouse's URL and the operator's it was filled from; the home is in its place."""
    suffix = secrets.token_hex(4)
    names = [f"upgrade_{database}_{suffix}" for database in ("warehouse", "billing", "platform")]
    warehouse, billing, platform = (postgres_server.create_database(name) for name in names)
    operator = OperatorUrls(billing, platform, mongo_server.database_url(f"upgrade_{suffix}"))
    make_small_operator(operator)
    # a dump holds neither the server's roles nor the rights on the database itself
    migrate(fresh_database)
    rights = f"grant connect, create, temporary on database {names[0]} to subdyn_pipeline;\n"
    dump = lzma.decompress((RELEASE / WAREHOUSE).read_bytes())
    restore = [program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", warehouse]
    subprocess.run(restore, input=rights.encode() + dump, stdout=subprocess.DEVNULL, check=True)
    (home / "dagster").mkdir(parents=True)
    shutil.copy(RELEASE / DAGSTER, home / "dagster")
    shutil.copy(RELEASE / ANCHORS, home)
    yield warehouse, operator
    for name in names:
        postgres_server.drop_database(name)


def test_a_home_and_a_warehouse_of_the_release_before_upgrade_by_themselves(
    earlier: tuple[str, OperatorUrls], home: Path
) -> None:
    warehouse, operator = earlier
    with psycopg.connect(warehouse) as connection:
        closed, ledger = (connection.execute(query).fetchall() for query in (CLOSED, LEDGER))
    settings = settings_of(home, warehouse, operator)
    assert len(closed) > 0

    # the same operator, made again elsewhere
    next_day = (AS_OF + timedelta(days=1)).isoformat()
    ended(settings, "run", "nightly", "--adopt", "--as-of", next_day)

    assert pending(warehouse) == ()
    assert len(rows(settings, CLOSED)) == len(closed)
    for (before,), (after,) in zip(closed, rows(settings, CLOSED), strict=True):
        assert before.items() <= after.items()
    assert len(rows(settings, LEDGER)) == len(ledger)
    ended(settings, "verify", "--full", "--anchors", str(RELEASE / ANCHORS))

    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        stored = load(connection, min(rows(settings, REPORT))[0])
        asked = CustomerDynamicsParameters.read({**stored.parameters, "interval": None})
        answer = generate(connection, asked, GeneratedBy("test", "administrator"), AS_OF)
    assert (answer.columns, answer.rows) == (stored.columns, stored.rows)


def ended(settings: Settings, *words: str) -> None:
    process = subdyn(settings, *words)
    message = "".join(process.communicate())
    assert process.returncode == 0, message
