"""Connections to MySQL and MariaDB, and what their errors mean."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pymysql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from extract.errors import ExtractionError, NeverRetry, RetryLater, SourceRefused, of_connection, one_line
from extract.mysql_stream import set_patience
from extract.waits import Waits

_LOGIN_REFUSED = {1045, 1698, 1044, 1251, 1275, 2059}
_NOTHING_THERE = {1049, 1146, 1054, 1142, 1143, 1064}
_TLS_REFUSED = {2026, 3159}


def connect(source: str, url: str, waits: Waits, subject: str) -> Any:
    """A connection in UTC; queries wait for their first row as long as `waits` allows. Blocks."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise NeverRetry(
            f"{subject}: the URL of the {source} database is not of the form mysql://user@host:port/database"
        ) from None
    connection = pymysql.connect(
        host=address.host or "127.0.0.1",
        port=address.port or 3306,
        user=address.username or "",
        password=address.password or "",
        database=address.database or "",
        unix_socket=address.query.get("unix_socket"),
        ssl={"ca": address.query["ssl_ca"]} if "ssl_ca" in address.query else None,
        charset="utf8mb4",
        use_unicode=False,
        connect_timeout=waits.connect_seconds,
        read_timeout=waits.connect_seconds,
        write_timeout=waits.first_row_seconds,
        autocommit=True,
    )
    with connection.cursor() as cursor:
        cursor.execute("set session time_zone = '+00:00', sql_mode = '', net_write_timeout = 900")
    set_patience(connection, waits.first_row_seconds)
    return connection


@contextmanager
def translated(url: str, source: str, subject: str, waited: str) -> Generator[None]:
    """Turns the driver's errors into RetryLater or NeverRetry; `waited` is told of a time-out."""
    database = f"{source} database"
    try:
        yield
    except ExtractionError:
        raise
    except pymysql.MySQLError as error:
        raise _of_server(error, url, subject, database, waited) from None
    except RuntimeError as error:
        raise NeverRetry(
            f"{subject}: the {database} asks for what is not installed: {one_line(error, url)}"
        ) from None
    except TimeoutError:
        raise RetryLater(f"{subject}: the {database} {waited}") from None
    except OSError as error:
        raise of_connection(error, subject, database, url) from None


def _of_server(
    error: pymysql.MySQLError, url: str, subject: str, database: str, waited: str
) -> ExtractionError:
    number = error.args[0] if error.args else 0
    message = one_line(Exception(error.args[-1] if error.args else ""), url)
    below = getattr(error, "original_exception", None) or error.__context__
    if isinstance(below, TimeoutError):
        return RetryLater(f"{subject}: the {database} {waited}")
    if number in _LOGIN_REFUSED:
        return SourceRefused(
            f"{subject}: the {database} refused the login, mend user or password of its URL: {message}"
        )
    if number == 1049:
        return SourceRefused(f"{subject}: mend the database name in the URL of the {database}: {message}")
    if number in _TLS_REFUSED:
        return SourceRefused(
            f"{subject}: the {database} refused TLS, mend its URL or its certificate: {message}"
        )
    if number in _NOTHING_THERE or isinstance(error, (pymysql.ProgrammingError, pymysql.DataError)):
        return NeverRetry(f"{subject}: the {database} refused the load: {message}")
    if isinstance(below, OSError):
        return of_connection(below, subject, database, url)
    return RetryLater(f"{subject}: the {database} cannot be reached or went away: {message}")
