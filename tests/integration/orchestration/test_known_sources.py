"""A warehouse knows the sources it was filled from, and takes no other ones unasked."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import psycopg
import pytest

from extract.errors import Unreachable
from orchestration.assets.raw import raw_assets
from orchestration.cli.app import run
from orchestration.cli.installation import Sources, open_installation
from orchestration.known_sources import (
    OtherSource,
    adopt,
    known_sources,
    require_known,
    require_no_other,
)
from orchestration.migrate import migrate
from orchestration.runs import AS_OF_TAG
from orchestration.settings import Settings
from tests.support.servers import PostgresServer

COMPANIES = dg.AssetKey(["raw", "billing", "companies"])
BILLING = """
    create table companies (
        id bigint primary key, parent_id bigint, name text not null,
        time_zone text not null, currency text not null,
        created_at timestamptz not null, updated_at timestamptz not null, deleted_at timestamptz
    );
    insert into companies values (1, null, '{name}', 'UTC', 'USD', now(), now(), null)
"""


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith("SUBDYN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def billings(postgres_server: PostgresServer) -> Iterator[tuple[str, str]]:
    """Two billing databases of one server; read only."""
    names = ("known_billing", "other_billing")
    urls = [postgres_server.create_database(name) for name in names]
    for name, url in zip(names, urls, strict=True):
        with psycopg.connect(url) as connection:
            connection.execute(BILLING.format(name=name).encode())
    yield urls[0], urls[1]
    for name in names:
        postgres_server.drop_database(name)


@pytest.fixture
def warehouse(fresh_database: str) -> str:
    migrate(fresh_database)
    return fresh_database


def settings_of(warehouse: str, **urls: str) -> Settings:
    sources = {"billing_url": "", "platform_url": "", "middleware_url": "", **urls}
    return Settings.model_validate({"warehouse_url": warehouse, **sources})


def recorded(warehouse: str) -> list[tuple[str, int, str, str]]:
    with psycopg.connect(warehouse) as connection:
        query = "select source, number, cause, database_name from app.source_identities order by 1, 2"
        return connection.execute(query).fetchall()


def loaded(settings: Settings) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        raw_assets(settings.sources),
        selection=[COMPANIES],
        resources={"settings": settings},
        tags={AS_OF_TAG: "2026-04-01T06:00:00+00:00"},
        raise_on_error=False,
    )


def test_a_load_from_another_source_is_refused_before_it_begins_and_taken_when_adopted(
    warehouse: str, billings: tuple[str, str]
) -> None:
    known, other = (settings_of(warehouse, billing_url=url) for url in billings)
    assert loaded(known).success
    assert recorded(warehouse) == [("billing", 1, "first_run", "known_billing")]

    refused = loaded(other)
    assert not refused.success
    (failure,) = [event for event in refused.all_events if event.is_step_failure]
    message = failure.step_failure_data.user_failure_data
    assert message is not None and "known_billing" in str(message.description)
    assert "other_billing" in str(message.description)
    with psycopg.connect(warehouse) as connection:
        assert connection.execute("select name from raw_billing.companies").fetchall() == [("known_billing",)]
        assert connection.execute("select count(*) from raw_billing.load_log").fetchall() == [(1,)]

    (moved,) = adopt(other)
    assert "known_billing" in moved and "other_billing" in moved
    assert adopt(other) == []
    assert loaded(other).success
    with pytest.raises(OtherSource):
        require_known(known, "billing")
    assert recorded(warehouse)[1:] == [("billing", 2, "adopted", "other_billing")]


def test_a_source_is_the_same_with_another_login_and_at_another_address(
    warehouse: str, billings: tuple[str, str], postgres_server: PostgresServer
) -> None:
    require_known(settings_of(warehouse, billing_url=billings[0]), "billing")
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("drop role if exists known_reader")
        connection.execute("create role known_reader login password 'another'")
    parts = urlsplit(billings[0])
    other_login = parts._replace(
        netloc=f"known_reader:another@localhost:{parts.port}", query="sslmode=prefer"
    )
    require_known(settings_of(warehouse, billing_url=other_login.geturl()), "billing")
    assert len(recorded(warehouse)) == 1

    # as after a failover or a new name: the database itself is where it was
    with psycopg.connect(warehouse) as connection:
        connection.execute(
            "insert into app.source_identities"
            " select 'platform', 1, cause, engine, '{old.example:5432}', database_name, own_identity"
            " from app.source_identities"
        )
    for _ in range(2):
        require_known(settings_of(warehouse, platform_url=billings[0]), "platform")
    assert [row[2] for row in recorded(warehouse) if row[0] == "platform"] == ["first_run", "also_at"]


def test_databases_of_mariadb_and_mongodb_are_told_apart_too(
    warehouse: str, fresh_mariadb: str, fresh_mongo: str
) -> None:
    with_parameters = fresh_mariadb.replace("mysql://root@127.0.0.1", "mariadb://root:@localhost")
    require_known(settings_of(warehouse, billing_url=fresh_mariadb), "billing")
    require_known(settings_of(warehouse, billing_url=with_parameters), "billing")
    require_known(settings_of(warehouse, middleware_url=fresh_mongo), "middleware")
    assert len(recorded(warehouse)) == 2
    for source, url in (
        ("billing", f"{fresh_mariadb.rpartition('/')[0]}/mysql"),
        ("middleware", f"{fresh_mongo}_other"),
    ):
        with pytest.raises(OtherSource, match=f"^{source}: .* --adopt"):
            require_known(settings_of(warehouse, **{f"{source}_url": url}), source)


def test_the_command_refuses_before_its_run_and_a_source_that_is_off_or_down_is_passed_over(
    warehouse: str,
    billings: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    require_known(settings_of(warehouse, billing_url=billings[0]), "billing")
    require_known(settings_of(warehouse, platform_url=billings[1]), "platform")
    require_no_other(settings_of(warehouse, platform_url=billings[1]), made_up=False)
    require_no_other(settings_of(warehouse, billing_url="mysql://me@127.0.0.1:1/none"), made_up=False)
    with pytest.raises(Unreachable):
        adopt(settings_of(warehouse, billing_url="mysql://me@127.0.0.1:1/none"))

    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", warehouse)
    monkeypatch.setenv("SUBDYN_BILLING_URL", billings[1])
    monkeypatch.setenv("SUBDYN_PLATFORM_URL", "")
    monkeypatch.setenv("SUBDYN_MIDDLEWARE_URL", "")
    for command in (["run", "hourly"], ["verify"], ["up"]):
        assert run(command) == 2
        message = capsys.readouterr().err
        assert "known_billing" in message and "other_billing" in message and "--adopt" in message
    password = urlsplit(billings[0]).password
    assert password is not None and password not in message
    with open_installation(Sources.READ, adopt=True):
        assert "adopted billing: moved from" in capsys.readouterr().err
    assert recorded(warehouse)[1] == ("billing", 2, "adopted", "other_billing")


def test_the_demo_takes_no_warehouse_that_holds_other_data(
    warehouse: str,
    billings: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = settings_of(warehouse, billing_url=billings[0])
    assert loaded(own).success
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", warehouse)
    assert run(["demo", "--customers", "3", "--months", "1"]) == 2
    assert "filled from" in capsys.readouterr().err

    # filled by the release before, which recorded nothing
    with psycopg.connect(warehouse) as connection:
        connection.execute("truncate app.source_identities")
    with pytest.raises(OtherSource, match="give the demo a database of its own"):
        require_no_other(own, made_up=True)
    require_no_other(own, made_up=False)
    assert loaded(own).success
    with psycopg.connect(warehouse) as connection:
        assert list(known_sources(connection)) == ["billing"]
        assert connection.execute("select name from raw_billing.companies").fetchall() == [("known_billing",)]


def test_the_pipeline_may_add_to_what_is_known_and_change_nothing(
    warehouse: str, billings: tuple[str, str]
) -> None:
    settings = settings_of(warehouse, billing_url=billings[0])
    require_known(settings, "billing")
    for command in ("delete from", "truncate"):
        with (
            psycopg.connect(settings.warehouse()) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"{command} app.source_identities".encode())
