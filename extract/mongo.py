"""Connections to MongoDB, and what its errors mean."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from extract.errors import ExtractionError, NeverRetry, RetryLater, SourceRefused, Unreachable, one_line

_LOGIN_REFUSED = {8000, 18, 13, 11, 31, 33}
_PASSING = {
    6,
    7,
    43,
    50,
    63,
    89,
    91,
    112,
    133,
    134,
    175,
    189,
    237,
    262,
    9001,
    10107,
    11600,
    11602,
    13388,
    13435,
    13436,
}
_TLS = ("SSL", "TLS", "CERTIFICATE")
Client = MongoClient[dict[str, Any]]


def connect(url: str, connect_seconds: float) -> Client:
    """A client for the URL; nothing is sent yet. Settings of the URL win over these."""
    waits: dict[str, Any] = {
        name: round(connect_seconds * 1000)
        for name in ("serverSelectionTimeoutMS", "connectTimeoutMS")
        if name.lower() not in url.lower()
    }
    return MongoClient(url, tz_aware=True, **waits)


async def in_time(seconds: float, call: Callable[..., Any], *arguments: object) -> Any:
    """What a blocking call of the driver gives, in a thread; the driver gives up after so many seconds."""

    def timed() -> Any:
        with pymongo.timeout(seconds):
            return call(*arguments)

    return await asyncio.to_thread(timed)


@contextmanager
def translated(url: str, source: str, subject: str, waited: str) -> Generator[None]:
    """Turns the driver's errors into RetryLater or NeverRetry that name collection and database.

    `waited` is told of a wait that was too long.
    """
    database = f"{source} database"
    try:
        yield
    except ExtractionError:
        raise
    except (InvalidURI, ConfigurationError):
        raise NeverRetry(
            f"{subject}: the URL of the {database} is not of the form mongodb://user@host:port/database"
        ) from None
    except ServerSelectionTimeoutError as error:
        raise _of_no_server(_brief(error, url), f"{subject}: the {database}", waited) from None
    except OperationFailure as error:
        raise _of_operation(error, one_line(error, url)[:300], f"{subject}: the {database}", waited) from None
    except (ConnectionFailure, OSError) as error:
        if isinstance(error, PyMongoError) and error.timeout:
            raise RetryLater(f"{subject}: the {database} {waited}") from None
        raise RetryLater(
            f"{subject}: the {database} cannot be reached or went away: {_brief(error, url)}"
        ) from None
    except PyMongoError as error:
        raise RetryLater(
            f"{subject}: the {database} stopped the load: {one_line(error, url)[:300]}"
        ) from None
    except ValueError:
        raise NeverRetry(
            f"{subject}: the URL of the {database} is not of the form mongodb://user@host:port/database"
        ) from None


def _of_no_server(message: str, database: str, waited: str) -> ExtractionError:
    if any(word in message.upper() for word in _TLS):
        return SourceRefused(f"{database} refused TLS, mend its URL or its certificate: {message}")
    if "timed out" in message or "No servers found yet" in message:
        return RetryLater(f"{database} {waited}")
    return Unreachable(f"{database} cannot be reached or went away: {message}")


def _of_operation(error: OperationFailure, message: str, database: str, waited: str) -> ExtractionError:
    if error.code in _LOGIN_REFUSED:
        return SourceRefused(f"{database} refused the login, mend user or password of its URL: {message}")
    if error.timeout:
        return RetryLater(f"{database} {waited}")
    if error.code in _PASSING:
        return RetryLater(f"{database} stopped the load: {message}")
    return NeverRetry(f"{database} refused the load: {message}")


def _brief(error: Exception, url: str) -> str:
    return one_line(error, url).partition(" (configured timeouts")[0][:300]
