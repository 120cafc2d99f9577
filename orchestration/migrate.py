"""Numbered SQL files, each applied once per database: what dbt must not own (roles, app, closed)."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from extract.sessions import application_name
from orchestration.locks import reported_waits

FOLDER = Path(__file__).parent / "migrations"
_FILE_NAME = re.compile(r"^(\d{4})_\w+\.sql$")
# What the second of two makers of the very first migration meets when the first has committed.
_MADE_MEANWHILE = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateSchema,
    psycopg.errors.DuplicateTable,
)


class MigrationError(Exception):
    """A migration could not be applied; the message is one line that names what to mend."""


@dataclass(frozen=True)
class Migration:
    """One numbered file: its number, name without suffix, SQL text and the text's SHA-256."""

    number: int
    name: str
    text: str
    sha256: str


def read_migrations(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Every migration in the folder, by number; a misnamed file or a number taken twice: MigrationError."""
    migrations: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.match(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is named NNNN_what_it_does.sql")
        number = int(match[1])
        if number in migrations:
            raise MigrationError(f"{path.name}: number {match[1]} is taken by {migrations[number].name}")
        text = path.read_text(encoding="utf-8")
        migrations[number] = Migration(number, path.stem, text, hashlib.sha256(text.encode()).hexdigest())
    return tuple(migrations[number] for number in sorted(migrations))


def migrate(admin_url: str, login_user: str | None = None) -> tuple[str, ...]:
    """Apply what this database has not had yet, each file in its own transaction; returns their names.

    `admin_url` is a libpq URL of a user who may create roles and owns the database; `login_user`, if
    given, becomes a member of subdyn_pipeline. Every file after the first runs as subdyn_owner, so what
    it makes belongs to that role. Safe to run at the same time as another. Raises MigrationError.
    """
    migrations = read_migrations()
    with reported_waits(admin_url), connected(admin_url) as connection:
        had = _applied(connection)
        for migration in migrations:
            if had.get(migration.number, migration.sha256) != migration.sha256:
                raise MigrationError(
                    f"migration {migration.name} was changed after this database had it:"
                    " put it back and add a new one"
                )
        missing = [migration for migration in migrations if migration.number not in had]
        if missing:
            _require_rights(connection)
        applied = [migration.name for migration in missing if _apply(connection, migration)]
        if login_user is not None:
            _grant_pipeline(connection, login_user)
        return tuple(applied)


def pending(warehouse_url: str) -> tuple[str, ...]:
    """Names of the migrations this database has not had, in order; reading app.migrations is all it needs."""
    with connected(warehouse_url) as connection:
        had = _applied(connection)
    return tuple(migration.name for migration in read_migrations() if migration.number not in had)


def connected(url: str) -> psycopg.Connection:
    """A connection to the warehouse; MigrationError, without the password, if it cannot be had."""
    try:
        return psycopg.connect(
            url, autocommit=True, application_name=application_name("migrate"), connect_timeout=10
        )
    except psycopg.Error as error:
        known = conninfo_to_dict(url)
        where = f"{known.get('host', 'localhost')}:{known.get('port', 5432)}/{known.get('dbname', '')}"
        reason = _first_line(error)
        raise MigrationError(f"the warehouse at {where} cannot be reached: {reason}") from None


def _applied(connection: psycopg.Connection) -> dict[int, str]:
    # to_regclass asks for rights on the schema; the catalogue does not.
    found = connection.execute(
        "select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'app' and c.relname = 'migrations'"
    ).fetchone()
    if found is None:
        return {}
    try:
        return dict(connection.execute("select number, sha256 from app.migrations").fetchall())
    except psycopg.errors.InsufficientPrivilege:
        user = connection.info.user
        raise MigrationError(
            f"user {user} may not use the warehouse:"
            f" an administrator must run: grant subdyn_pipeline to {user}"
        ) from None


def _require_rights(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "select current_user, current_database(), rolsuper,"
        " rolcreaterole and has_database_privilege(current_database(), 'create with grant option')"
        " from pg_roles where rolname = current_user"
    ).fetchone()
    assert row is not None  # noqa: S101 - the current user is always there
    user, database, is_superuser, may_create = row
    if not (is_superuser or may_create):
        raise MigrationError(_administrator_needed(user, database))


def _apply(connection: psycopg.Connection, migration: Migration) -> bool:
    """Apply a migration; False if another process did so meanwhile, which is waited for."""
    refusals = 0
    while True:
        try:
            with connection.transaction():
                if migration.number > 1:
                    connection.execute("set local role subdyn_owner")
                    # not an advisory lock, which any login could take
                    connection.execute("lock table app.migrations in exclusive mode")
                if migration.number in _applied(connection):
                    return False
                connection.execute(migration.text.encode())
                connection.execute(
                    "insert into app.migrations (number, name, sha256) values (%s, %s, %s)",
                    (migration.number, migration.name, migration.sha256),
                )
            return True
        except psycopg.errors.InsufficientPrivilege as error:
            info = connection.info
            raise MigrationError(
                f"{_administrator_needed(info.user, info.dbname)}: {_first_line(error)}"
            ) from error
        except _MADE_MEANWHILE as error:
            if migration.number in _applied(connection):
                return False
            raise MigrationError(f"migration {migration.name}: {_first_line(error)}") from error
        except psycopg.errors.InternalError_ as error:
            # Two databases of one server granting to the same role at once: "tuple concurrently updated".
            refusals += 1
            if refusals == 5:
                raise MigrationError(f"migration {migration.name}: {_first_line(error)}") from error
            time.sleep(0.2 * refusals)
        except psycopg.Error as error:
            raise MigrationError(f"migration {migration.name}: {_first_line(error)}") from error


def _grant_pipeline(connection: psycopg.Connection, login_user: str) -> None:
    row = connection.execute(
        "select pg_has_role(oid, 'subdyn_pipeline', 'MEMBER') from pg_roles where rolname = %s", (login_user,)
    ).fetchone()
    if row is None:
        raise MigrationError(
            f"the warehouse has no user {login_user}: create it, or mend SUBDYN_WAREHOUSE_URL"
        )
    if row[0]:
        return
    try:
        connection.execute(sql.SQL("grant subdyn_pipeline to {}").format(sql.Identifier(login_user)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"an administrator must run: grant subdyn_pipeline to {login_user} ({_first_line(error)})"
        ) from None


def _administrator_needed(user: str, database: str) -> str:
    return (
        f"user {user} may not set up database {database}: an administrator must run"
        f" `subdyn migrate --admin-url postgresql://ADMINISTRATOR@HOST/{database}`"
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]
