"""The warehouse's roles: who may do what after the migrations."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from orchestration.connection_url import as_pipeline
from orchestration.migrate import MigrationError, migrate, pending, read_migrations
from tests.support.servers import PostgresServer


@pytest.fixture
def login(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a login user without any right; its password is its name."""
    name = f"login_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(name), sql.Literal(name))
        )
    yield name
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def url_of(name: str, admin_url: str) -> str:
    parts = urlsplit(admin_url)
    return f"postgresql://{name}:{name}@{parts.hostname}:{parts.port}{parts.path}"


@pytest.fixture
def warehouse(fresh_database: str, login: str) -> str:
    """The URL of a migrated warehouse for the login user as the pipeline."""
    migrate(fresh_database, login)
    return as_pipeline(url_of(login, fresh_database))


def test_migrating_twice_applies_nothing(fresh_database: str) -> None:
    assert migrate(fresh_database) == tuple(migration.name for migration in read_migrations())
    assert migrate(fresh_database) == ()
    assert pending(fresh_database) == ()


def test_two_migrations_of_one_database_at_once_apply_each_file_once(fresh_database: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(migrate, [fresh_database, fresh_database]))
    assert sorted(name for names in applied for name in names) == [one.name for one in read_migrations()]


def test_two_databases_of_one_server_are_migrated_at_once(postgres_server: PostgresServer) -> None:
    names = [f"test_{secrets.token_hex(6)}" for _ in range(3)]
    urls = [postgres_server.create_database(name) for name in names]
    try:
        with ThreadPoolExecutor(3) as pool:
            assert all(pool.map(migrate, urls))
    finally:
        for name in names:
            postgres_server.drop_database(name)


def test_the_pipeline_makes_its_own_schemas(warehouse: str) -> None:
    with psycopg.connect(warehouse) as connection:
        assert connection.execute("select current_user").fetchone() == ("subdyn_pipeline",)
        connection.execute("create schema marts")
        connection.execute("create table marts.t (id int)")


@pytest.mark.parametrize(
    "statement",
    [
        "create table closed.mine (id int)",
        "create table app.mine (id int)",
        "drop schema closed cascade",
        "alter schema closed owner to subdyn_pipeline",
        "set role subdyn_owner",
        "insert into app.migrations (number, name, sha256) values (99, 'x', 'x')",
        "delete from app.migrations",
        "create role someone",
    ],
)
def test_the_pipeline_may_not(warehouse: str, statement: str) -> None:
    with psycopg.connect(warehouse) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_what_a_later_migration_makes_in_closed_can_be_read_and_added_to_only(
    fresh_database: str, warehouse: str
) -> None:
    with psycopg.connect(fresh_database) as admin:
        admin.execute("set role subdyn_owner")
        admin.execute("create table closed.later (id int)")
    with psycopg.connect(warehouse, autocommit=True) as connection:
        connection.execute("insert into closed.later values (1)")
        assert connection.execute("select * from closed.later").fetchall() == [(1,)]
        for statement in (
            "update closed.later set id = 2",
            "delete from closed.later",
            "truncate closed.later",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_user_without_rights_is_told_what_an_administrator_must_run(
    fresh_database: str, login: str
) -> None:
    with pytest.raises(MigrationError, match="administrator must run `subdyn migrate --admin-url") as error:
        migrate(url_of(login, fresh_database))
    assert "\n" not in str(error.value)


def test_a_user_that_is_no_member_is_told_the_grant(fresh_database: str, login: str) -> None:
    migrate(fresh_database)
    with pytest.raises(MigrationError, match=f"grant subdyn_pipeline to {login}"):
        pending(url_of(login, fresh_database))


def test_an_unknown_login_user_is_named(fresh_database: str) -> None:
    with pytest.raises(MigrationError, match="no user nobody_at_all"):
        migrate(fresh_database, "nobody_at_all")


def test_a_migration_changed_after_the_fact_is_refused(fresh_database: str) -> None:
    migrate(fresh_database)
    with psycopg.connect(fresh_database) as connection:
        connection.execute("update app.migrations set sha256 = 'another' where number = 1")
    with pytest.raises(MigrationError, match="0001_roles_and_schemas was changed"):
        migrate(fresh_database)


def test_an_unreachable_warehouse_is_named_without_its_password() -> None:
    with pytest.raises(MigrationError, match=r"127\.0\.0\.1:1/warehouse cannot be reached") as error:
        migrate("postgresql://someone:hidden@127.0.0.1:1/warehouse")
    assert "hidden" not in str(error.value)
