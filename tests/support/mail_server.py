"""A real SMTP server that does what a test tells it: refuse, be slow, hang up."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "installation", "s3cret:/@"


@dataclass
class Mailbox:
    """What arrived, to whom; and what the server answers.

    `to_recipient` gives the answer to RCPT by address; `after_data` the answers to mails in turn, then 250:
    None hangs up without one, before (`keeps` False) or after the mail is kept.
    """

    to_recipient: dict[str, str] = field(default_factory=dict)
    after_data: list[str | None] = field(default_factory=list)
    keeps: bool = True
    wait_seconds: float = 0
    wait_at: str = ""
    on: Callable[[str], None] = lambda step: None
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    @property
    def received(self) -> Counter[str]:
        """How many mails each recipient got."""
        return Counter(to for to, _ in self.letters)

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.on("rcpt")
        self.tried.append(address)
        await self._wait("rcpt")
        answer = self.to_recipient.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.on("data")
        answer = self.after_data.pop(0) if self.after_data else "250 taken"
        if (answer or "250").startswith("250") and self.keeps:
            content = envelope.content
            assert isinstance(content, bytes)
            letter = message_from_bytes(content, policy=policy.default)
            self.letters += [(to, letter) for to in envelope.rcpt_tos]
        self.on("kept")
        await self._wait("data")
        if answer is None:
            assert server.transport is not None
            server.transport.close()
            await asyncio.sleep(0.05)
            return "421 bye"
        return answer

    async def _wait(self, at: str) -> None:
        if self.wait_at == at:
            await asyncio.sleep(self.wait_seconds)


class MailServer:
    """The server on a free port of the loopback, running in the block."""

    def __init__(self, mailbox: Mailbox, **options: Any) -> None:
        self.mailbox = mailbox
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._controller = Controller(mailbox, hostname="127.0.0.1", port=self.port, **options)

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        """Its URL without TLS and login."""
        return f"smtp://127.0.0.1:{self.port}"


def authenticator(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    """Lets in USER with PASSWORD alone."""
    assert isinstance(data, LoginPassword)
    return AuthResult(
        success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False
    )


def make_certificate(folder: Path, host: str = "localhost") -> tuple[Path, Path]:
    """A certificate of its own authority for the host, and its key."""
    certificate, key = folder / f"{host}.pem", folder / f"{host}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}",
         "-addext", f"subjectAltName=DNS:{host},IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS as the server speaks it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
