import smtplib
import socket
import threading
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from orchestration.mailer import message, send
from orchestration.settings import Settings

AT = datetime(2026, 1, 31, 6, tzinfo=UTC)


def test_without_a_server_mail_becomes_a_file(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "mail_from": "house@operator.example"})
    where = send(settings, message(settings, "you@operator.example", "nightly failed", "because", AT))
    letter = message_from_bytes(Path(where).read_bytes())
    assert (letter["From"], letter["To"]) == ("house@operator.example", "you@operator.example")
    assert letter["Subject"] == "nightly failed"
    assert str(letter.get_payload()).strip() == "because"


def test_with_a_server_mail_goes_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        received: list[str] = []
        server = threading.Thread(target=_take_one_mail, args=(listener, received), daemon=True)
        server.start()
        port = listener.getsockname()[1]
        settings = Settings.model_validate({"home": tmp_path, "smtp_url": f"smtp://127.0.0.1:{port}"})
        send(settings, message(settings, "you@operator.example", "nightly failed", "because", AT))
        server.join(10)
    assert "because" in received
    assert not settings.outbox_folder.exists()


def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    settings = Settings.model_validate({"home": tmp_path, "smtp_url": "smtp://127.0.0.1:1"})
    with pytest.raises((OSError, smtplib.SMTPException)):
        send(settings, message(settings, "you@operator.example", "s", "t", AT))


def _take_one_mail(listener: socket.socket, received: list[str]) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb", buffering=0) as stream:
        stream.write(b"220 ready\r\n")
        while line := stream.readline().decode().rstrip("\r\n"):
            if line.upper() == "DATA":
                stream.write(b"354 go on\r\n")
                while (text := stream.readline().decode().rstrip("\r\n")) != ".":
                    received.append(text)
                stream.write(b"250 taken\r\n")
            elif line.upper() == "QUIT":
                stream.write(b"221 bye\r\n")
                return
            else:
                stream.write(b"250 fine\r\n")
