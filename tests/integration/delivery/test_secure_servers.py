"""Servers with TLS and a login: none that cannot show who it is gets a mail, no password goes in clear."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from exports.delivery.smtp import LOOPBACK, Answer, Outcome, SmtpServer
from tests.support.deliveries import PATIENT
from tests.support.mail_server import (
    PASSWORD,
    USER,
    Mailbox,
    MailServer,
    authenticator,
    make_certificate,
    server_context,
)

QUOTED = "installation:s3cret%3A%2F%40"
TO = "ann@x.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """This process takes that certificate for a good one."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def send(url: str) -> Answer:
    """One mail to that server."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "h@x.example", TO, "<1@x.example>"
    letter.set_content("hello\n.\n..two dots\n")
    return SmtpServer(url, PATIENT).send(letter, TO)


@pytest.mark.usefixtures("trusted")
def test_starttls_and_login(certificate: tuple[Path, Path]) -> None:
    mailbox = Mailbox()
    with MailServer(
        mailbox,
        tls_context=server_context(*certificate),
        require_starttls=True,
        authenticator=authenticator,
        auth_required=True,
    ) as server:
        assert send(f"smtp://{QUOTED}@localhost:{server.port}").outcome is Outcome.SENT
        wrong = send(f"smtp://{USER}:wrong@localhost:{server.port}")
        nobody = send(f"smtp://localhost:{server.port}")
    ((to, letter),) = mailbox.letters
    assert to == TO and letter.get_content().splitlines() == ["hello", ".", "..two dots"]
    # the installation can mend its login: the recipient is not to blame
    assert wrong.outcome is Outcome.AGAIN and wrong.text.startswith("535")
    assert PASSWORD not in wrong.text
    assert nobody.outcome is Outcome.REFUSED and nobody.text.startswith("530")


@pytest.mark.usefixtures("trusted")
def test_tls_from_the_start_and_login(certificate: tuple[Path, Path]) -> None:
    mailbox = Mailbox()
    with MailServer(
        mailbox,
        ssl_context=server_context(*certificate),
        authenticator=authenticator,
        auth_required=True,
        auth_require_tls=False,
    ) as server:
        assert send(f"smtps://{QUOTED}@localhost:{server.port}").outcome is Outcome.SENT
    assert mailbox.received == {TO: 1}


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(
    certificate: tuple[Path, Path], scheme: str
) -> None:
    mailbox = Mailbox()
    context = server_context(*certificate)
    options = {"tls_context": context} if scheme == "smtp" else {"ssl_context": context}
    with MailServer(mailbox, **options) as server:
        answer = send(f"{scheme}://localhost:{server.port}")
    assert answer.outcome is Outcome.AGAIN and "certificate verify failed" in answer.text
    assert mailbox.letters == []


def test_no_password_goes_out_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = Mailbox()
    monkeypatch.setattr("exports.delivery.smtp.LOOPBACK", ())
    assert "127.0.0.1" in LOOPBACK
    with MailServer(mailbox, authenticator=authenticator, auth_require_tls=False) as server:
        answer = send(f"smtp://{QUOTED}@127.0.0.1:{server.port}")
    assert answer.outcome is Outcome.AGAIN and "no STARTTLS" in answer.text
    assert mailbox.letters == []


def test_a_url_without_a_good_port_is_reported() -> None:
    answer = send("smtp://localhost:99999")
    assert answer.outcome is Outcome.AGAIN and "ort" in answer.text
