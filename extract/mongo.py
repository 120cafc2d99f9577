"""Connections to MongoDB, and what its errors mean."""

import asyncio
from collections.abc import Callable, Iterator
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


def connect(url: str, connect_seconds: float) -> MongoClient:
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
def translated(url: str, source: str, subject: str, waited: str) -> Iterator[None]:
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
        told = _brief(error, url)
        if any(word in told.upper() for word in _TLS):
            raise SourceRefused(
                f"{subject}: the {database} refused TLS, mend its URL or its certificate: {told}"
            ) from None
        if "timed out" in told or "No servers found yet" in told:
            raise RetryLater(f"{subject}: the {database} {waited}") from None
        raise Unreachable(f"{subject}: the {database} cannot be reached or went away: {told}") from None
    except OperationFailure as error:
        told = one_line(error, url)[:300]
        if error.code in _LOGIN_REFUSED:
            raise SourceRefused(
                f"{subject}: the {database} refused the login, mend user or password of its URL: {told}"
            ) from None
        if error.timeout:
            raise RetryLater(f"{subject}: the {database} {waited}") from None
        if error.code in _PASSING:
            raise RetryLater(f"{subject}: the {database} stopped the load: {told}") from None
        raise NeverRetry(f"{subject}: the {database} refused the load: {told}") from None
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


def _brief(error: Exception, url: str) -> str:
    return one_line(error, url).partition(" (configured timeouts")[0][:300]
