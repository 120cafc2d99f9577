"""`subdyn report ... --send-to` and `subdyn delivery`, as a person at the terminal meets them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from exports.delivery import outbox
from exports.result import StoredResult
from orchestration.cli.app import run
from tests.integration.delivery.test_deliver import LATER, stale, wrong
from tests.support.deliveries import DUE, Installation
from tests.support.mail_server import Mailbox, MailServer

ANN, BOB = "ann@x.example", "bob@x.example"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def subdyn(
    installation: Installation, migrated: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Command:  # fmt: skip
    """Runs the command on the warehouse: exit code, stdout, stderr."""
    for name in [name for name in os.environ if name.startswith("SUBDYN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", migrated)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    def command(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        text = capsys.readouterr()
        return code, text.out, text.err

    return command


def test_a_stored_result_is_sent_to_a_file_where_no_server_is_set(
    installation: Installation, stored: StoredResult, subdyn: Command, tmp_path: Path
) -> None:
    code, out, err = subdyn(
        "report", "show", stored.result_id, "--send-to", ANN, "--send-to", BOB, "--format", "csv,xlsx"
    )
    assert code == 0, err
    assert "Customer Dynamics" in out
    files = sorted((tmp_path / ".subdyn" / "outbox").iterdir())
    assert len(files) == 2
    for file in files:
        assert str(file) in err
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        assert mail["To"] in (ANN, BOB)
        names = [str(part.get_filename()) for part in mail.iter_attachments()]
        assert [name.rpartition(".")[2] for name in names] == ["csv", "xlsx"]
    # attached, not written
    assert not (tmp_path / ".subdyn" / "reports").exists()


def test_what_did_not_go_out_is_a_failure_on_one_line(
    installation: Installation, stored: StoredResult, subdyn: Command, server: MailServer, mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SUBDYN_SMTP_URL", server.url)
    mailbox.to_recipient[BOB] = "550 no such mailbox"
    code, _, err = subdyn("report", "show", stored.result_id, "--send-to", ANN, "--send-to", BOB)
    assert code == 1
    assert err.splitlines()[-1].endswith(f"did not reach everybody: {BOB}: refused: 550 no such mailbox")
    assert f"sent to {ANN}: 250 taken" in err
    assert mailbox.received[ANN] == 1


def test_a_server_that_is_down_is_reported_and_the_mail_waits(
    installation: Installation, stored: StoredResult, subdyn: Command, monkeypatch: pytest.MonkeyPatch,
    server: MailServer, mailbox: Mailbox,
) -> None:  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setenv("SUBDYN_SMTP_URL", f"smtp://127.0.0.1:{free.getsockname()[1]}")
    code, _, err = subdyn("report", "show", stored.result_id, "--send-to", ANN)
    assert code == 1 and "waiting: " in err and "refused" in err
    code, out, _ = subdyn("delivery", "list", "--state", "ready")
    assert code == 0 and f"{ANN}: waiting, again " in out


@pytest.mark.parametrize("address", ["nobody", "a@x.example\r\nBcc: b@x.example"])
def test_what_is_no_address_is_bad_input_before_anything_is_done(
    installation: Installation, stored: StoredResult, subdyn: Command, address: str
) -> None:
    code, out, err = subdyn("report", "show", stored.result_id, "--send-to", address)
    assert (code, out) == (2, "")
    assert err.startswith("subdyn: ") and "is no e-mail address" in err and len(err.splitlines()) == 1
    assert installation.connection.execute("select count(*) from app.deliveries").fetchone() == (0,)


def test_a_withheld_delivery_is_listed_released_and_sent(
    installation: Installation, subdyn: Command, server: MailServer, mailbox: Mailbox
) -> None:
    delivery = installation.fall_due(installation.save(recipients=(BOB,)))
    installation.deliver(server.url, generate=stale, findings=wrong)
    code, out, _ = subdyn("delivery", "list", "--state", "withheld")
    assert code == 0
    assert "Weekly" in out and "does not reach the interval's end" in out
    assert "customer 7, ledger 1.00, live 2.00" in out
    assert subdyn("delivery", "release", str(delivery))[0] == 0
    installation.deliver(server.url, LATER, generate=stale, findings=wrong)
    assert mailbox.received[BOB] == 1
    _, out, _ = subdyn("delivery", "list")
    assert "released by" in out and "done" in out
    code, _, err = subdyn("delivery", "release", str(delivery))
    assert (code, err) == (2, f"subdyn: delivery {delivery} is not withheld; see: subdyn delivery list\n")


def test_an_unknown_mail_is_listed_and_sent_again_when_a_person_says_so(
    installation: Installation, stored: StoredResult, subdyn: Command, server: MailServer, mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SUBDYN_SMTP_URL", server.url)
    delivery = installation.request(stored, ANN, BOB)
    assert outbox.claim(installation.connection, delivery, "result", ANN, process="gone", as_of=DUE)
    installation.send(server.url)
    code, out, _ = subdyn("delivery", "list", "--state", "unknown")
    assert code == 0 and f"{ANN}: unknown: the process that was sending it ended" in out
    assert subdyn("delivery", "retry", str(delivery), "--recipient", BOB)[0] == 2
    code, _, err = subdyn("delivery", "retry", str(delivery), "--recipient", ANN)
    assert code == 0 and f"sent to {ANN}: 250 taken" in err
    assert mailbox.received[ANN] == mailbox.received[BOB] == 1


def test_a_failed_delivery_is_due_again(installation: Installation, subdyn: Command) -> None:
    delivery = installation.fall_due(installation.save(), state="failed")
    code, _, err = subdyn("delivery", "retry", str(delivery))
    assert code == 0 and f"delivery {delivery} is due again" in err
    assert installation.delivery(delivery)[0] == "due"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("list", "--state", "lost"), "--state: unknown state 'lost'"),
        (("list", "--limit", "0"), "--limit"),
        (("release", "999"), "delivery 999 is not withheld"),
        (("retry", "999"), "delivery 999 has no mail"),
        (("retry", "9" * 30), "ID"),
    ],
)
def test_what_is_not_there_is_bad_input(subdyn: Command, arguments: tuple[str, ...], text: str) -> None:
    code, _, err = subdyn("delivery", *arguments)
    assert code == 2 and text in err and len(err.splitlines()) == 1


def test_a_run_without_the_daemon_notices_what_is_due_and_says_what_is_withheld(
    installation: Installation, subdyn: Command
) -> None:
    number = installation.save()
    installation.connection.execute(
        """
        update app.saved_queries
        set parameters = '{"interval": "last-month", "time_zone": "UTC", "currency": "USD"}',
            cron = '0 6 * * *', time_zone = 'UTC', missed = 'catch_up', due_after = %s
        where query_id = %s
        """,
        (datetime.now(UTC) - timedelta(days=1), number),
    )
    code, out, err = subdyn("run", "deliveries")
    assert code == 0, err
    assert "deliveries: 0 assets made" in out + err
    assert "warning delivery" in out + err
    assert "withheld: " in out + err
    found = installation.connection.execute(
        "select distinct state from app.deliveries where query_id = %s and due_at is not null", (number,)
    )
    assert found.fetchall() == [("withheld",)]
