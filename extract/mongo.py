"""Connections to MongoDB, and what its errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    InvalidURI,
    OperationFailure,
    PyMongoError,
)

from extract.errors import ExtractionError, NeverRetry, RetryLater
from extract.postgresql import one_line

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
_WAIT_MILLISECONDS = 10_000


def connect(url: str) -> MongoClient:
    """A client for the URL; nothing is sent yet. Settings of the URL win over these."""
    waits: dict[str, Any] = {
        name: _WAIT_MILLISECONDS
        for name in ("serverSelectionTimeoutMS", "connectTimeoutMS")
        if name.lower() not in url.lower()
    }
    return MongoClient(url, tz_aware=True, **waits)


@contextmanager
def translated(url: str, source: str, subject: str) -> Iterator[None]:
    """Turns the driver's errors into RetryLater or NeverRetry that name collection and database."""
    database = f"{source} database"
    try:
        yield
    except ExtractionError:
        raise
    except (InvalidURI, ConfigurationError):
        raise NeverRetry(
            f"{subject}: the URL of the {database} is not of the form mongodb://user@host:port/database"
        ) from None
    except OperationFailure as error:
        told = one_line(error, url)[:300]
        if error.code in _LOGIN_REFUSED:
            raise NeverRetry(
                f"{subject}: the {database} refused the login, mend user or password of its URL: {told}"
            ) from None
        if error.code in _PASSING:
            raise RetryLater(f"{subject}: the {database} stopped the load: {told}") from None
        raise NeverRetry(f"{subject}: the {database} refused the load: {told}") from None
    except (ConnectionFailure, OSError) as error:
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
