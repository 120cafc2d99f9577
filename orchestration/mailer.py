"""How mails are sent: by an SMTP server, or into a folder of .eml files."""

from __future__ import annotations

from datetime import datetime
from email.utils import make_msgid

from exports.delivery.mail import Contents, letter
from exports.delivery.outbox import Sender
from exports.delivery.smtp import Answer, Folder, Outcome, SmtpServer, Transport
from orchestration.runs import is_gone, this_process
from orchestration.settings import Settings

MEGABYTE = 1_000_000


class NotSent(Exception):
    """A mail did not go out; the message says what the server answered."""


def transport(settings: Settings) -> Transport:
    """The way out that the settings name."""
    if settings.smtp_url is None:
        return Folder(settings.outbox_folder)
    return SmtpServer(settings.smtp_url.get_secret_value())


def sender(settings: Settings) -> Sender:
    """What sends the outbox, in the name of this process."""
    return Sender(
        transport(settings),
        settings.mail_from,
        int(settings.mail_limit_mb * MEGABYTE),
        this_process(),
        is_gone,
        web_url=settings.web_url,
    )


def mail_operator(settings: Settings, subject: str, text: str, at: datetime) -> Answer:
    """Send a plain text to the operator's own address, past the outbox: it may be the warehouse that fails.

    Raises NotSent.
    """
    own_address = settings.mail_from
    made = letter(
        Contents(subject, text),
        mail_from=own_address,
        to=own_address,
        message_id=make_msgid(domain=own_address.rpartition("@")[2]),
        at=at,
    )
    answer = transport(settings).send(made, own_address)
    if answer.outcome is not Outcome.SENT:
        raise NotSent(f"no mail to {own_address}: {answer.text}")
    return answer
