"""Mails past the outbox: of failed runs, to the installation's own address."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from orchestration.mailer import NotSent, mail_operator
from orchestration.settings import Settings
from tests.support.mail_server import Mailbox, MailServer

AT = datetime(2026, 1, 31, 6, tzinfo=UTC)


def test_without_a_server_mail_becomes_a_file(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "mail_from": "installation@operator.example"})
    where = mail_operator(settings, "nightly failed", "because", AT).text
    letter = message_from_bytes(Path(where).read_bytes())
    assert (letter["From"], letter["To"]) == (
        "installation@operator.example",
        "installation@operator.example",
    )
    assert (letter["Subject"], letter["Date"]) == ("nightly failed", "Sat, 31 Jan 2026 06:00:00 +0000")
    assert str(letter.get_payload()).strip() == "because"


def test_with_a_server_mail_goes_there(tmp_path: Path) -> None:
    mailbox = Mailbox()
    with MailServer(mailbox) as server:
        settings = Settings.model_validate({"home": tmp_path, "smtp_url": server.url})
        mail_operator(settings, "nightly failed", "because\n.\nof a dot", AT)
    ((_, letter),) = mailbox.letters
    assert letter.get_content().splitlines() == ["because", ".", "of a dot"]
    assert not settings.outbox_folder.exists()


def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings.model_validate({"home": tmp_path, "smtp_url": f"smtp://127.0.0.1:{port}"})
    with pytest.raises(NotSent, match=r"no mail to subdyn@localhost: .*refused"):
        mail_operator(settings, "s", "t", AT)
