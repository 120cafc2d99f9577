"""Every mail is sent once, whatever the server does; what nobody knows is said to be unknown."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from exports.delivery import outbox
from exports.delivery.smtp import Answer, Folder, Outcome, SmtpServer
from exports.errors import InvalidParameter, NotFound
from exports.result import StoredResult
from tests.support.deliveries import DUE, IMPATIENT, Installation
from tests.support.mail_server import Mailbox, MailServer

ANN, BOB, EVE = "ann@x.example", "bob@x.example", "eve@x.example"
MINUTE = timedelta(minutes=1)


def test_each_recipient_gets_a_mail_of_their_own(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN, BOB)
    (text,) = installation.send(server.url)
    assert (text.state, text.recipients, text.reason) == ("done", (ANN, BOB), None)
    assert mailbox.received == {ANN: 1, BOB: 1}
    assert sorted(letter["To"] for _, letter in mailbox.letters) == [ANN, BOB]
    assert installation.send(server.url) == []
    assert installation.states(delivery) == {ANN: "sent", BOB: "sent"}
    assert installation.mails(delivery)[ANN].answer == "250 taken"


def test_the_refusal_of_one_recipient_does_not_stop_the_others(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    mailbox.to_recipient[BOB] = "550 no such mailbox"
    delivery = installation.request(stored, ANN, BOB, EVE)
    (text,) = installation.send(server.url)
    assert text.recipients == (ANN, EVE)
    assert text.reason == f"{BOB}: refused: 550 no such mailbox"
    assert installation.states(delivery) == {ANN: "sent", BOB: "refused", EVE: "sent"}
    (notice,) = [letter for to, letter in mailbox.letters if to == "subdyn@installation.example"]
    assert "did not reach everybody" in notice.get_content()
    assert "bob@x.example: refused: 550 no such mailbox" in notice.get_content()
    assert installation.delivery(delivery)[0] == "done"


def test_a_refusal_for_now_is_tried_again_under_the_same_message_id(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    mailbox.after_data += ["451 come back later"]
    delivery = installation.request(stored, ANN)
    installation.send(server.url)
    waits = installation.mails(delivery)[ANN]
    assert (waits.state, waits.answer, waits.next_attempt_at) == (
        "waiting",
        "451 come back later",
        DUE + MINUTE,
    )
    assert installation.delivery(delivery)[0] == "ready"
    assert installation.send(server.url, DUE + MINUTE / 2) == []
    (text,) = installation.send(server.url, DUE + MINUTE)
    assert text.state == "done"
    assert mailbox.received == {ANN: 1}
    row = installation.connection.execute(
        "select message_id from app.outbox where delivery_id = %s", (delivery,)
    ).fetchone()
    assert row == (mailbox.letters[0][1]["Message-ID"],)


def test_a_server_that_is_down_gets_the_mail_when_it_is_up(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"smtp://127.0.0.1:{free.getsockname()[1]}"
    delivery = installation.request(stored, ANN)
    installation.send(nobody)
    waits = installation.mails(delivery)[ANN]
    assert (waits.state, waits.attempt_count) == ("waiting", 1)
    assert "refused" in (waits.answer or "")
    installation.send(server.url, DUE + MINUTE)
    assert mailbox.received == {ANN: 1}


def test_after_the_last_wait_the_mail_is_given_up_and_the_owner_notified(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    mailbox.to_recipient[BOB] = "450 greylisted"
    delivery = installation.request(stored, BOB)
    at, attempts = DUE, 0
    while installation.states(delivery) == {BOB: "waiting"}:
        installation.send(server.url, at)
        attempts += 1
        at = max(installation.mails(delivery)[BOB].next_attempt_at, at)
    assert attempts == len(outbox.BACK_OFF) + 1
    assert at - DUE == sum(outbox.BACK_OFF, timedelta())
    assert installation.states(delivery) == {BOB: "failed"}
    assert installation.delivery(delivery)[0] == "done"
    assert mailbox.received == {"subdyn@installation.example": 1}

    mailbox.to_recipient.clear()
    assert outbox.put_back(installation.connection, delivery, BOB.upper(), at) == [BOB]
    installation.send(server.url, at)
    assert mailbox.received[BOB] == 1


@pytest.mark.parametrize("keeps", [True, False])
def test_a_server_that_hangs_up_after_the_mail_leaves_it_unknown_until_a_person_decides(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult, keeps: bool
) -> None:
    mailbox.after_data, mailbox.keeps = [None], keeps
    delivery = installation.request(stored, ANN)
    (text,) = installation.send(server.url)
    assert installation.states(delivery) == {ANN: "unknown"}
    assert text.reason is not None and text.reason.startswith(f"{ANN}: unknown: no answer after the mail")
    for hours in range(6):
        installation.send(server.url, DUE + timedelta(hours=hours))
    assert mailbox.tried.count(ANN) == 1
    assert mailbox.received[ANN] == keeps

    mailbox.keeps = True
    outbox.put_back(installation.connection, delivery, None, DUE)
    installation.send(server.url)
    assert mailbox.received[ANN] == keeps + 1
    assert installation.states(delivery) == {ANN: "sent"}


def test_a_server_that_is_slow_before_the_mail_is_tried_again(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    mailbox.wait_at, mailbox.wait_seconds = "rcpt", 1
    delivery = installation.request(stored, ANN)
    installation.send(SmtpServer(server.url, IMPATIENT))
    assert "timed out" in (installation.mails(delivery)[ANN].answer or "")
    assert installation.states(delivery) == {ANN: "waiting"}
    mailbox.wait_at = ""
    installation.send(server.url, DUE + MINUTE)
    assert mailbox.received == {ANN: 1}


def test_a_server_that_is_slow_after_the_mail_leaves_it_unknown(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    mailbox.wait_at, mailbox.wait_seconds = "data", 1
    delivery = installation.request(stored, ANN)
    installation.send(SmtpServer(server.url, IMPATIENT))
    assert installation.states(delivery) == {ANN: "unknown"}


def test_a_claim_that_a_killed_process_left_is_unknown_and_one_that_lives_is_left_alone(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN, BOB, EVE)
    for to, process in ((ANN, "gone 1"), (BOB, "alive 2"), (EVE, "alive 3")):
        assert outbox.claim(installation.connection, delivery, "result", to, process=process, as_of=DUE)
    installation.connection.execute(
        "update app.outbox set claimed_at = claimed_at - %s where recipient = %s", (outbox.LEASE * 2, EVE)
    )
    installation.send(server.url)
    assert installation.states(delivery) == {ANN: "unknown", BOB: "claimed", EVE: "unknown"}
    assert mailbox.tried == []
    assert installation.delivery(delivery)[0] == "ready"


def test_who_was_thought_dead_may_still_say_that_it_was_sent(
    installation: Installation, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN)
    claimed = outbox.claim(installation.connection, delivery, "result", ANN, process="gone", as_of=DUE)
    assert claimed is not None
    assert outbox.give_up_claims(installation.connection, lambda name: True) == 1
    outbox.mark(installation.connection, claimed, Answer(Outcome.SENT, "250 ok"), DUE)
    assert installation.states(delivery) == {ANN: "sent"}


def test_what_an_earlier_attempt_says_does_not_count_for_a_later_one(
    installation: Installation, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN)
    late = outbox.claim(installation.connection, delivery, "result", ANN, process="gone", as_of=DUE)
    assert late is not None
    outbox.give_up_claims(installation.connection, lambda name: True)
    outbox.put_back(installation.connection, delivery, None, DUE)
    assert outbox.claim(installation.connection, delivery, "result", ANN, process="other", as_of=DUE)
    outbox.mark(installation.connection, late, Answer(Outcome.SENT, "250 ok"), DUE)
    assert installation.states(delivery) == {ANN: "claimed"}


def test_two_processes_send_no_mail_twice(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    recipients = [f"r{number}@x.example" for number in range(40)]
    delivery = installation.request(stored, *recipients)
    together = threading.Barrier(2)

    def one(process: str) -> None:
        together.wait()
        installation.send(server.url, process=process)

    threads = [threading.Thread(target=one, args=(f"alive {number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mailbox.received == dict.fromkeys(recipients, 1)
    assert set(installation.states(delivery).values()) == {"sent"}
    assert installation.delivery(delivery)[0] == "done"


def test_mails_go_out_in_parallel(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    three_at_once = threading.Barrier(3)

    class Waiting:
        def send(self, letter: EmailMessage, recipient: str) -> Answer:
            three_at_once.wait(timeout=60)
            return Answer(Outcome.SENT, "")

    for number in range(12):
        installation.request(stored, f"r{number}@x.example")
    sent = [delivered.state for delivered in installation.send(Waiting())]
    assert sent == ["done"] * 12


def test_without_a_server_a_mail_is_a_file_and_a_second_attempt_the_same_one(
    installation: Installation, stored: StoredResult, tmp_path: Path
) -> None:
    delivery = installation.request(stored, ANN)
    claimed = outbox.claim(installation.connection, delivery, "result", ANN, process="gone", as_of=DUE)
    assert claimed is not None
    outbox.give_up_claims(installation.connection, lambda name: True)
    for _ in range(2):
        installation.connection.execute("update app.outbox set state = 'waiting'")
        installation.connection.execute("update app.deliveries set state = 'ready'")
        installation.send(Folder(tmp_path / "outbox"))
    (file,) = (tmp_path / "outbox").iterdir()
    assert installation.mails(delivery)[ANN].answer == str(file)


@pytest.mark.parametrize(
    "address",
    [
        "ann@x.example\r\nBcc: all@x.example", "ann@x.example\nRCPT TO:<eve@x.example>", "a b@x.example", "",
        "ann", "ann@", "@x.example", "ann@x.example,eve@x.example", "<ann@x.example>", "ann@x.example\0",
        "ännchen@x.example", "ann@x..example", f"{'a' * 65}@x.example", f"a@{'x' * 260}.example",
        "a\u2028b@x.example",
    ],
)  # fmt: skip
def test_what_is_no_address_reaches_no_header(
    installation: Installation, stored: StoredResult, address: str
) -> None:
    with pytest.raises(InvalidParameter, match="no e-mail address"):
        installation.request(stored, ANN, address)
    assert installation.connection.execute("select count(*) from app.deliveries").fetchone() == (0,)


def test_an_address_that_somebody_wrote_into_the_outbox_is_refused_when_it_is_sent(
    installation: Installation, server: MailServer, mailbox: Mailbox, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN)
    evil = "bob@x.example\r\nBcc: eve@x.example"
    installation.connection.execute("update app.outbox set recipient = %s", (evil,))
    installation.send(server.url)
    assert installation.states(delivery) == {evil: "refused"}
    assert mailbox.received == {"subdyn@installation.example": 1}


def test_an_address_given_twice_gets_one_mail(installation: Installation, stored: StoredResult) -> None:
    delivery = installation.request(stored, ANN, "Ann@X.example")
    assert len(installation.states(delivery)) == 1


def test_there_is_nothing_to_put_back_where_all_went_well(
    installation: Installation, server: MailServer, stored: StoredResult
) -> None:
    delivery = installation.request(stored, ANN)
    installation.send(server.url)
    with pytest.raises(NotFound, match=f"delivery {delivery} has no mail that is unknown"):
        outbox.put_back(installation.connection, delivery, None, DUE)
