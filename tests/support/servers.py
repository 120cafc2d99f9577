"""The servers of a test session: databases made, copied and dropped on them."""

from dataclasses import dataclass

import psycopg
from psycopg import sql


@dataclass(frozen=True)
class PostgresServer:
    """The session's PostgreSQL: `url` is the superuser's, of the database postgres."""

    url: str

    def create_database(self, name: str) -> str:
        """Make a database; its superuser URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.database_url(name)

    def copy_database(self, original: str, name: str) -> str:
        """Make a database like another one, which loses whoever is connected to it; the superuser's URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (original,)
            )
            names = sql.Identifier(name), sql.Identifier(original)
            connection.execute(sql.SQL("create database {} template {}").format(*names))
            # rights on a database are not copied with it
            if connection.execute("select 1 from pg_roles where rolname = 'subdyn_pipeline'").fetchone():
                grant = sql.SQL("grant connect, create, temporary on database {} to subdyn_pipeline")
                connection.execute(grant.format(sql.Identifier(name)))
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and whoever is connected to it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    def database_url(self, name: str) -> str:
        """The superuser's URL of a database of this server."""
        return f"{self.url.rpartition('/')[0]}/{name}"


@dataclass(frozen=True)
class MongoServer:
    """The session's MongoDB-protocol server: `url` has no database."""

    url: str

    def database_url(self, name: str) -> str:
        """The URL of a database; it comes to be when something is written."""
        return f"{self.url}/{name}"
