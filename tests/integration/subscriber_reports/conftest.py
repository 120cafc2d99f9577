"""One warehouse for this folder: a random platform, built and closed, then twice more with late facts."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from extract.sources.platform import TABLES
from orchestration.connection_url import as_pipeline
from orchestration.migrate import migrate
from tests.reference.random_platform import Rows, random_platform, with_late_facts
from tests.reference.subscriber_metrics import MonthlyMetrics, recompute
from tests.support.servers import PostgresServer
from tests.support.sql_source import SqlSource
from tests.support.warehouse import DATABASE, ParsedProject, Warehouse

SUBSCRIBERS = 320
# Another seed, other platforms: SUBDYN_TEST_SEED=7 pytest tests/integration/subscriber_reports
SEED = int(os.environ.get("SUBDYN_TEST_SEED", "20081"))
FIRST = datetime(2026, 11, 10, 13, 37, 11, tzinfo=UTC)
# An hour later in the same months; and when November is over in every zone, and closed in some.
LATER = (FIRST + timedelta(hours=1), datetime(2026, 12, 2, 4, 30, tzinfo=UTC))
NAME = "subscriber_reports"
MonthKey = tuple[int, date]


@dataclass(frozen=True)
class Seen:
    """What the source held at a moment, what follows from it, and what the warehouse made of it."""

    data_through: datetime
    rows: Rows
    recomputed: dict[MonthKey, MonthlyMetrics]
    marts: dict[MonthKey, dict[str, Any]]
    full: dict[MonthKey, dict[str, Any]]
    closed: dict[MonthKey, dict[str, Any]]
    evidence: list[dict[str, Any]]
    restatements: list[dict[str, Any]]
    days: list[dict[str, Any]]


@dataclass(frozen=True)
class Pipeline:
    """The warehouse (a superuser's URL) after the last build, and what was seen after each."""

    url: str
    seen: tuple[Seen, ...]

    @property
    def pipeline_url(self) -> str:
        """The warehouse as the pipeline's role."""
        return as_pipeline(self.url)


@pytest.fixture(scope="session")
def pipeline(
    postgres_server: PostgresServer, project_with: Callable[..., ParsedProject]
) -> Iterator[Pipeline]:
    """A platform loaded and built at three moments, each with later facts than the one before."""
    source = SqlSource(postgres_server.create_database("subscriber_reports_platform"), "postgresql")
    for table in TABLES:
        source.create(table)
    url = postgres_server.create_database(DATABASE)
    migrate(url)
    warehouse = Warehouse(url, project_with("platform"))
    rows = random_platform(SEED, FIRST, SUBSCRIBERS)
    seen = [_see(source, warehouse, rows, FIRST)]
    for number, moment in enumerate(LATER):
        rows = with_late_facts(SEED + number, rows, moment)
        seen.append(_see(source, warehouse, rows, moment))
    url = postgres_server.copy_database(DATABASE, NAME)
    postgres_server.drop_database(DATABASE)
    yield Pipeline(url, tuple(seen))
    postgres_server.drop_database(NAME)
    postgres_server.drop_database("subscriber_reports_platform")


def _see(source: SqlSource, warehouse: Warehouse, rows: Rows, moment: datetime) -> Seen:
    for table in TABLES:
        source.hold(table, rows[table.name])
        source.load(table, warehouse.url, moment)
        source.sweep(table, warehouse.url, moment)
    warehouse.build(as_of=moment)
    return Seen(
        moment,
        rows,
        recompute(rows, moment),
        _by_month(warehouse, "select * from marts.subscriber_metrics"),
        _by_month(warehouse, "select * from intermediate.int_subscriber_metrics"),
        _by_month(warehouse, "select *, xmin::text from closed.subscriber_metrics_monthly"),
        warehouse.rows("select * from marts.subscriber_metric_evidence"),
        warehouse.rows("select * from closed.restatements order by noticed_at, restatement"),
        warehouse.rows("select * from marts.subscriber_concurrency_daily"),
    )


def _by_month(warehouse: Warehouse, query: str) -> dict[MonthKey, dict[str, Any]]:
    rows = warehouse.rows(query)
    found = {(row["subscriber_id"], row["month"]): row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def tampered(pipeline: Pipeline, postgres_server: PostgresServer) -> Iterator[str]:
    """The superuser's URL of a copy of the warehouse, to do harm to."""
    yield postgres_server.copy_database(NAME, f"{NAME}_tampered")
    postgres_server.drop_database(f"{NAME}_tampered")
