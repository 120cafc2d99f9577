"""One message out: by SMTP where a server is set, else into a folder of .eml files."""

from __future__ import annotations

import smtplib
import ssl
import uuid
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from orchestration.settings import Settings

TIMEOUT_SECONDS = 30


def message(settings: Settings, to: str, subject: str, text: str, at: datetime) -> EmailMessage:
    """A plain-text message from the house's sender."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = settings.mail_from, to, subject
    letter["Date"], letter["Message-ID"] = format_datetime(at), make_msgid(domain="subdyn.invalid")
    letter.set_content(text)
    return letter


def send(settings: Settings, letter: EmailMessage) -> str:
    """Send the message; says where it went. Raises OSError or smtplib.SMTPException."""
    if settings.smtp_url is None:
        settings.outbox_folder.mkdir(parents=True, exist_ok=True)
        path = settings.outbox_folder / f"{uuid.uuid4().hex}.eml"
        path.write_bytes(letter.as_bytes())
        return str(path)
    parts = urlsplit(settings.smtp_url.get_secret_value())
    secure = parts.scheme == "smtps"
    with (
        smtplib.SMTP_SSL(
            parts.hostname or "",
            parts.port or 465,
            timeout=TIMEOUT_SECONDS,
            context=ssl.create_default_context(),
        )
        if secure
        else smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=TIMEOUT_SECONDS)
    ) as server:
        if not secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(letter)
    return f"{parts.hostname}"
