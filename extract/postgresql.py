"""Connections to PostgreSQL, as source or warehouse, and what its errors mean."""

import math
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from extract.errors import ExtractionError, NeverRetry, RetryLater, SourceRefused, of_connection, one_line
from extract.sessions import application_name
from extract.waits import within

CONNECT_SECONDS = 30
_CLOSE_SECONDS = 5
Connection = asyncpg.Connection

# SQLSTATE classes where the same statement may succeed later
_PASSING = ("08", "40", "53", "55", "57", "58", "XX")


@asynccontextmanager
async def connected(
    url: str, database: str, subject: str, seconds: float = CONNECT_SECONDS
) -> AsyncGenerator[Connection]:
    """A connection in UTC; `database` and `subject` are how errors name the place and the table."""
    no_answer = f"{subject}: the {database} did not answer the connection within {seconds:g} s"
    with translated(url, database, subject):
        try:
            async with within(seconds, no_answer):
                # the driver's own limit would end first, and say nothing
                connection = await asyncpg.connect(
                    url,
                    timeout=math.ceil(seconds) + 1,
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
            await connection.close(timeout=min(seconds, _CLOSE_SECONDS))
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()


async def fetch_value(connection: Connection, query: str, *arguments: object) -> Any:
    """The first column of the first row, None if there is no row."""
    return await connection.fetchval(query, *arguments)


@contextmanager
def translated(url: str, database: str, subject: str) -> Generator[None]:
    """Turns the driver's errors into RetryLater or NeverRetry that name subject and database."""
    try:
        yield
    except ExtractionError:
        raise
    except asyncpg.PostgresError as error:
        raise _translate(error, url, database, subject) from None
    except OSError as error:
        raise of_connection(error, subject, database, url) from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise RetryLater(
            f"{subject}: the {database} cannot be reached or went away: {one_line(error, url)}"
        ) from None


def _translate(error: asyncpg.PostgresError, url: str, database: str, subject: str) -> ExtractionError:
    state = getattr(error, "sqlstate", None) or "XX000"
    message = one_line(error, url)
    context = getattr(error, "context", None)
    if state.startswith("22") and context:
        message = f"{message} ({' '.join(str(context).split())[:200]})"
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return SourceRefused(
            f"{subject}: the {database} refused the login, mend user or password of its URL: {message}"
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return SourceRefused(f"{subject}: mend the database name in the URL of the {database}: {message}")
    if state.startswith(_PASSING):
        return RetryLater(f"{subject}: the {database} stopped the load: {message}")
    return NeverRetry(f"{subject}: the {database} refused the load: {message}")
