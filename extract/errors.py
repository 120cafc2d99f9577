"""Errors of extraction, by what recovers from them. Each message is one line and holds no password."""

import socket
import ssl
from urllib.parse import parse_qs, unquote, urlsplit


class ExtractionError(Exception):
    """A load that did not happen; nothing of it is in the warehouse."""


class RetryLater(ExtractionError):
    """The same load may succeed later as it is: a server gone, a timeout, a deadlock."""


class Unreachable(RetryLater):
    """Nobody takes a connection at the address; the next moment will hardly change that."""


class NeverRetry(ExtractionError):
    """Somebody has to mend something first: a password, a missing table, a changed type."""


class SourceRefused(NeverRetry):
    """The source takes nobody in as its URL is: login, database, host or TLS; true of all of its tables."""


def one_line(error: BaseException, *urls: str) -> str:
    """The error's text on one line, without any password of the URLs."""
    text = " ".join(str(error).split()) or type(error).__name__
    for url in urls:
        for secret in _passwords(url):
            text = text.replace(secret, "***")
    return text


def of_connection(error: OSError, subject: str, database: str, *urls: str) -> ExtractionError:
    """What an error below the driver means: a host nobody knows, TLS refused, nobody there."""
    message = one_line(error, *urls)
    if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
        return SourceRefused(f"{subject}: nobody knows the host in the URL of the {database}: {message}")
    if isinstance(error, ssl.SSLError) or "rejected SSL upgrade" in message:
        return SourceRefused(
            f"{subject}: the {database} refused TLS, mend its URL or its certificate: {message}"
        )
    gone = f"{subject}: the {database} cannot be reached or went away: {message}"
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return RetryLater(gone)
    return Unreachable(gone)


def _passwords(url: str) -> set[str]:
    parts = urlsplit(url)
    written = [parts.password if "@" in url else None, *parse_qs(parts.query).get("password", [])]
    return {form for password in written if password for form in (password, unquote(password))}
