"""How mails leave: by SMTP where a server is set, else into a folder of .eml files."""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from exports.errors import InvalidParameter, one_line

LONGEST_ADDRESS = 254
# What one line of an SMTP command can carry without quoting: everything else is refused.
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII
)
GO_ON = 354
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PORTS = {"smtp": 25, "smtps": 465}


class Outcome(StrEnum):
    """What became of one attempt."""

    SENT = "sent"
    REFUSED = "refused"  # for good: the same mail would be refused again
    AGAIN = "again"  # the server does not have it: may be tried later
    UNKNOWN = "unknown"  # the server may have it or not


@dataclass(frozen=True)
class Answer:
    """The outcome, and on one line what the server said, where the file lies, or what went wrong."""

    outcome: Outcome
    text: str


class Transport(Protocol):
    """Sends a mail to one recipient; tells every trouble by its answer, raises nothing."""

    def send(self, letter: EmailMessage, recipient: str) -> Answer:
        """Send the mail; what became of it."""
        ...


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a server may take: to be reached, for each command, for its word after the mail."""

    connect: float = 10
    command: float = 30
    answer: float = 120


@dataclass(frozen=True)
class Folder:
    """Mails as files, named by their Message-ID: a second attempt replaces the first one's file."""

    path: Path

    def send(self, letter: EmailMessage, recipient: str) -> Answer:
        """Write the mail, whole or not at all; the answer is the file's path."""
        name = hashlib.sha256(f"{letter['Message-ID']}\n{recipient}".encode()).hexdigest()[:32]
        file, unfinished = self.path / f"{name}.eml", self.path / f".{name}.unfinished"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_bytes(letter.as_bytes(policy=SMTP_POLICY))
                unfinished.replace(file)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            return Answer(Outcome.AGAIN, f"{self.path} cannot be written: {error.strerror or error}")
        return Answer(Outcome.SENT, str(file))


@dataclass(frozen=True)
class SmtpServer:
    """A mail server: smtps:// is TLS from the start, smtp:// turns to TLS where the server offers it.

    A password leaves the machine encrypted or not at all.
    """

    url: str
    timeouts: Timeouts = Timeouts()

    def send(self, letter: EmailMessage, recipient: str) -> Answer:
        """Send by a connection of its own."""
        has_ended = False
        try:
            with self._session() as server:
                refusal = _envelope(server, str(letter["From"]), recipient)
                if refusal is not None:
                    return refusal
                code, said = server.docmd("data")
                if code != GO_ON:
                    return _refusal(code, said)
                server.send(_dotted(letter))
                # from here on the server may have it, whatever happens to the connection
                has_ended = True
                server.send(b".\r\n")
                if server.sock is not None:
                    server.sock.settimeout(self.timeouts.answer)
                code, said = server.getreply()
                return _last_answer(code, said)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            if has_ended:
                return Answer(Outcome.UNKNOWN, f"no answer after the mail was handed over: {_reason(error)}")
            return Answer(Outcome.AGAIN, _reason(error))

    @contextmanager
    def _session(self) -> Generator[smtplib.SMTP]:
        """A connection, encrypted and logged in as the URL says."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=self.timeouts.connect, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port, timeout=self.timeouts.connect)
        try:
            if server.sock is not None:
                server.sock.settimeout(self.timeouts.command)
            server.ehlo_or_helo_if_needed()
            encrypted = parts.scheme == "smtps"
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo_or_helo_if_needed()
                encrypted = True
            if parts.username:
                if not encrypted and host not in LOOPBACK:
                    raise smtplib.SMTPException(
                        "the server offers no STARTTLS: no password is sent in the clear"
                    )
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server
            _say_goodbye(server)
        finally:
            server.close()


def _say_goodbye(server: smtplib.SMTP) -> None:
    """Say goodbye; a server that does not answer to that has the mail all the same."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        return


def check_address(text: str) -> str:
    """The address without blanks around it; raises InvalidParameter for what is none, or more than one."""
    address = text.strip()
    if len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(address) or ".." in address:
        raise InvalidParameter(
            "recipient",
            f"{text[:LONGEST_ADDRESS]!r} is no e-mail address: give one as name@domain, in ASCII"
            " (a domain of other letters as xn--…)",
        )
    return address


def address_of(owner: str, own_address: str) -> str:
    """Where notices to that owner go: the owner's address, or the operator's own where the name is none."""
    try:
        return check_address(owner)
    except InvalidParameter:
        return own_address


def _envelope(server: smtplib.SMTP, sender: str, recipient: str) -> Answer | None:
    """Name sender and recipient; the answer of a server that takes one of them not."""
    for code, said in (server.mail(sender), server.rcpt(recipient)):
        if code // 100 != 2:
            return _refusal(code, said)
    return None


def _refusal(code: int, said: bytes) -> Answer:
    return Answer(Outcome.REFUSED if code // 100 == 5 else Outcome.AGAIN, _line(code, said))


def _last_answer(code: int, said: bytes) -> Answer:
    """What the server's word after the mail means; one that is no SMTP leaves it open."""
    if code // 100 == 2:
        return Answer(Outcome.SENT, _line(code, said))
    return _refusal(code, said) if code // 100 in (4, 5) else Answer(Outcome.UNKNOWN, _line(code, said))


def _dotted(letter: EmailMessage) -> bytes:
    """The mail's lines as DATA takes them: CR LF, a dot at the beginning of a line doubled."""
    written = BytesIO()
    BytesGenerator(written, policy=SMTP_POLICY).flatten(letter)
    text = re.sub(rb"(?m)^\.", b"..", written.getvalue())
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def _line(code: int, said: bytes) -> str:
    return f"{code} {one_line(said.decode(errors='replace'))}".strip()


def _reason(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _line(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())
    return one_line(error) or type(error).__name__
