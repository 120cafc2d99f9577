"""Connections to PostgreSQL, as source or warehouse, and what its errors mean."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

from extract.errors import ExtractionError, NeverRetry, RetryLater

CONNECT_SECONDS = 30
Connection = asyncpg.Connection

# SQLSTATE classes where the same statement may succeed later
_PASSING = ("08", "40", "53", "55", "57", "58", "XX")


def application_name(subject: str) -> str:
    """How a session of this process, which works at `subject`, is shown to whoever looks at the server."""
    return f"subdyn {os.getpid()} {subject}"


def one_line(error: BaseException, *urls: str) -> str:
    """The error's text on one line, without any password of the URLs."""
    text = " ".join(str(error).split()) or type(error).__name__
    for url in urls:
        password = urlsplit(url).password if "@" in url else None
        for secret in {password, unquote(password)} if password else ():
            text = text.replace(secret, "***")
    return text


@asynccontextmanager
async def connected(url: str, database: str, subject: str) -> AsyncIterator[Connection]:
    """A connection in UTC; `database` and `subject` are how errors name the place and the table."""
    with translated(url, database, subject):
        try:
            connection = await asyncpg.connect(
                url,
                timeout=CONNECT_SECONDS,
                server_settings={
                    "timezone": "UTC",
                    "datestyle": "ISO",
                    "application_name": application_name(subject),
                },
            )
        except ValueError as error:
            if isinstance(error, UnicodeError):
                raise
            raise NeverRetry(
                f"{subject}: the URL of the {database} is not of the form postgresql://user@host:port/database"
            ) from None
    try:
        yield connection
    finally:
        try:
            await connection.close(timeout=5)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()


async def fetch_value(connection: Connection, query: str, *arguments: object) -> Any:
    """The first column of the first row, None if there is no row."""
    return await connection.fetchval(query, *arguments)


@contextmanager
def translated(url: str, database: str, subject: str) -> Iterator[None]:
    """Turns the driver's errors into RetryLater or NeverRetry that name subject and database."""
    try:
        yield
    except ExtractionError:
        raise
    except asyncpg.PostgresError as error:
        raise _translate(error, url, database, subject) from None
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise RetryLater(
            f"{subject}: the {database} cannot be reached or went away: {one_line(error, url)}"
        ) from None


def _translate(error: asyncpg.PostgresError, url: str, database: str, subject: str) -> ExtractionError:
    state = getattr(error, "sqlstate", None) or "XX000"
    told = one_line(error, url)
    context = getattr(error, "context", None)
    if state.startswith("22") and context:
        told = f"{told} ({' '.join(str(context).split())[:200]})"
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return NeverRetry(
            f"{subject}: the {database} refused the login, mend user or password of its URL: {told}"
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return NeverRetry(f"{subject}: mend the database name in the URL of the {database}: {told}")
    if state.startswith(_PASSING):
        return RetryLater(f"{subject}: the {database} stopped the load: {told}")
    return NeverRetry(f"{subject}: the {database} refused the load: {told}")
