"""What is due goes out once: when its inputs are fresh and their checks passed, or a person lets it go."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from exports.delivery.gate import Finding
from exports.delivery.outbox import put_back
from exports.delivery.run import Due, release, start_again
from exports.errors import InvalidParameter, MissingRate, NotFound, NotReady, ReportError
from exports.result import StoredResult
from tests.support.deliveries import DUE, Installation, answered
from tests.support.mail_server import Mailbox, MailServer
from tests.support.results import END

YOU, OWNER, INSTALLATION = "you@x.example", "ann@x.example", "subdyn@installation.example"
STALE = datetime(2026, 1, 1, 22, tzinfo=UTC)
LATER = DUE + timedelta(hours=1)


def stale(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
    """A result whose data do not reach its interval's end."""
    return replace(answered(connection, due), data_through={"billing": STALE})


def failing(error: Exception) -> Any:
    """A generation that ends with that error."""

    def generate(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        raise error

    return generate


def wrong(report: str) -> list[Finding]:
    """A check of the report's inputs did not pass."""
    assert report == "customer-dynamics"
    return [
        Finding("ledger_equals_live_balances", "1 customer differs", ("customer 7, ledger 1.00, live 2.00",))
    ]


def notices(mailbox: Mailbox, to: str = OWNER) -> list[str]:
    """The texts of the notices that went there."""
    return [letter.get_content() for address, letter in mailbox.letters if address == to]


def test_a_due_time_makes_one_result_and_one_mail_for_each_recipient(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    query = installation.save(recipients=(YOU, "me@x.example"))
    delivery = installation.fall_due(query)
    (message,) = installation.deliver(server.url)
    assert (message.state, message.query_id, message.reason) == ("done", query, None)
    assert message.recipients == ("me@x.example", YOU)
    assert message.size > 1000
    assert mailbox.received == {YOU: 1, "me@x.example": 1}
    assert installation.results(delivery) == 1
    assert installation.deliver(server.url) == []
    assert "Weekly, 2026-01-01 .. 2026-01-01" in {letter["Subject"] for _, letter in mailbox.letters}


def test_without_recipients_the_result_is_stored_and_that_is_all(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    delivery = installation.fall_due(installation.save(recipients=()))
    (message,) = installation.deliver(server.url)
    assert message.state == "done" and message.result is not None
    assert installation.delivery(delivery)[2] == message.result.result_id
    assert mailbox.letters == []


def test_stale_inputs_withhold_it_with_one_notice_and_it_goes_out_by_itself_once_healed(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    delivery = installation.fall_due(installation.save())
    for _ in range(3):
        (message,) = installation.deliver(server.url, generate=stale)
        assert message.state == "withheld"
    reason = "billing's data through 2026-01-01T22:00Z does not reach the interval's end, 2026-01-01T23:00Z"
    assert installation.delivery(delivery) == ("withheld", reason, None)
    assert mailbox.received == {OWNER: 1}
    (notice,) = notices(mailbox)
    assert reason in notice and f"subdyn delivery release {delivery}" in notice

    (message,) = installation.deliver(server.url, LATER)
    assert (message.state, message.reason) == ("done", None)
    assert message.result is not None and message.result.data_through["billing"] >= END
    assert mailbox.received == {OWNER: 1, YOU: 1}
    assert installation.results(delivery) == 1


def test_a_failed_check_withholds_it_and_the_notice_shows_the_failing_rows(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    installation.fall_due(installation.save())
    installation.deliver(server.url, findings=wrong)
    (notice,) = notices(mailbox)
    assert "check ledger_equals_live_balances failed: 1 customer differs" in notice
    assert "customer 7, ledger 1.00, live 2.00" in notice
    assert mailbox.received[YOU] == 0
    installation.deliver(server.url, LATER)
    assert mailbox.received[YOU] == 1


def test_a_person_lets_it_go_and_that_is_recorded(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    delivery = installation.fall_due(installation.save())
    installation.deliver(server.url, generate=stale, findings=wrong)
    release(installation.connection, delivery, "bob")
    with pytest.raises(NotFound, match="not withheld"):
        release(installation.connection, delivery, "eve")
    installation.deliver(server.url, generate=stale, findings=wrong)
    assert mailbox.received[YOU] == 1
    row = installation.connection.execute(
        "select state, released_by, released_at is not null from app.deliveries where delivery_id = %s",
        (delivery,),
    ).fetchone()
    assert row == ("done", "bob", True)


def test_an_interval_that_is_not_over_has_to_be_fresh_to_the_due_time(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    installation.fall_due(installation.save())

    def of_this_month(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        result = answered(connection, due)
        asked = replace(result.asked_interval, ends_at=DUE + timedelta(days=27))
        return replace(result, asked_interval=asked, data_through={"billing": through})

    through = DUE - timedelta(minutes=1)
    assert [message.state for message in installation.deliver(server.url, generate=of_this_month)] == [
        "withheld"
    ]
    through = DUE
    assert [message.state for message in installation.deliver(server.url, generate=of_this_month)] == ["done"]


def test_what_is_asked_for_by_hand_goes_out_as_far_as_data_reach_and_not_with_a_past_that_is_stale(
    installation: Installation, server: MailServer
) -> None:
    query = installation.save()
    installation.fall_due(query, None)

    def of_this_month(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        result = stale(connection, due)
        return replace(result, asked_interval=replace(result.asked_interval, ends_at=LATER))

    assert [message.state for message in installation.deliver(server.url, generate=of_this_month)] == ["done"]
    installation.fall_due(query, None)
    assert [message.state for message in installation.deliver(server.url, generate=stale)] == ["withheld"]


@pytest.mark.parametrize(
    "error",
    [
        MissingRate("NPR", "USD", DUE.date()),
        InvalidParameter("company", "unknown company 99"),
        InvalidParameter("package", "unknown package 7"),
        NotFound("no such thing"),
    ],
)
def test_a_question_that_cannot_be_answered_fails_with_one_notice(
    installation: Installation, server: MailServer, mailbox: Mailbox, error: ReportError
) -> None:
    delivery = installation.fall_due(installation.save())
    (message,) = installation.deliver(server.url, generate=failing(error))
    assert (message.state, message.reason) == ("failed", str(error))
    assert installation.deliver(server.url, generate=failing(error)) == []
    (notice,) = notices(mailbox)
    assert str(error) in notice and f"subdyn delivery retry {delivery}" in notice

    assert start_again(installation.connection, delivery)
    installation.deliver(server.url, LATER)
    assert mailbox.received == {OWNER: 1, YOU: 1}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NotReady("billing has never been loaded completely"), "never been loaded"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_any_other_error_withholds_one_delivery_and_none_else(
    installation: Installation, server: MailServer, mailbox: Mailbox, error: Exception, message: str
) -> None:
    bad, good = (
        installation.fall_due(installation.save("Bad")),
        installation.fall_due(installation.save("Good")),
    )

    def generate(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        if due.title == "Bad":
            raise error
        return answered(connection, due)

    installation.deliver(server.url, generate=generate)
    assert installation.delivery(bad)[0] == "withheld" and message in installation.delivery(bad)[1]
    assert installation.delivery(good)[0] == "done"
    installation.deliver(server.url, LATER)
    assert installation.delivery(bad)[0] == "done"
    assert mailbox.received == {OWNER: 1, YOU: 2}


def test_a_deleted_query_is_not_sent_and_its_owner_notified(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    query = installation.save()
    delivery = installation.fall_due(query)
    installation.connection.execute(
        "update app.saved_queries set deleted_at = now() where query_id = %s", (query,)
    )
    installation.deliver(server.url)
    assert installation.delivery(delivery)[0] == "failed"
    assert mailbox.received == {OWNER: 1}


def test_an_owner_without_an_address_is_notified_at_the_operators(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    installation.fall_due(installation.save(owner="ann"))
    installation.deliver(server.url, generate=stale)
    assert mailbox.received == {INSTALLATION: 1}


def test_a_notice_that_came_too_late_says_so(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    installation.fall_due(installation.save())
    mailbox.after_data = ["450 later"]
    installation.deliver(server.url, generate=stale)
    installation.deliver(server.url, LATER)
    assert mailbox.received == {OWNER: 1, YOU: 1}
    assert "was withheld, and no longer is" in notices(mailbox)[0]


def test_missed_due_times_are_named_in_one_notice(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    query, other = installation.save(), installation.save("Other")
    for hours in range(25):
        installation.fall_due(query, DUE + timedelta(hours=hours), "missed")
    installation.fall_due(other, DUE, "missed")
    for _ in range(2):
        installation.deliver(server.url, LATER)
    message = sorted(notices(mailbox))
    assert len(message) == 2
    assert message[0].startswith("Other, due 2026-02-01 06:00 UTC, was missed.")
    assert message[1].startswith("Weekly was missed 25 times: 2026-02-01 06:00 UTC, 2026-02-01 07:00 UTC")
    assert "and 5 more" in message[1]


def test_a_row_that_another_process_holds_is_left_to_it(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    first, second = (
        installation.fall_due(installation.save("A")),
        installation.fall_due(installation.save("B")),
    )
    with psycopg.connect(installation.url) as other:
        other.execute("select 1 from app.deliveries where delivery_id = %s for update", (first,))
        assert [message.delivery_id for message in installation.deliver(server.url)] == [second]
    assert [message.delivery_id for message in installation.deliver(server.url)] == [first]
    assert mailbox.received == {YOU: 2}


def test_two_daemons_at_once_make_one_result_and_one_mail_of_each(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    deliveries = [installation.fall_due(installation.save(f"Query {number}")) for number in range(10)]
    before = installation.connection.execute("select count(*) from app.report_results").fetchone()
    threads = [threading.Thread(target=installation.deliver, args=(server.url,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    installation.deliver(server.url)
    assert mailbox.received == {YOU: 10}
    assert [installation.delivery(delivery)[0] for delivery in deliveries] == ["done"] * 10
    after = installation.connection.execute("select count(*) from app.report_results").fetchone()
    assert before is not None and after == (before[0] + 10,)


def test_a_recipient_that_failed_is_sent_to_again_and_nobody_else(
    installation: Installation, server: MailServer, mailbox: Mailbox
) -> None:
    mailbox.to_recipient[YOU] = "550 no"
    delivery = installation.fall_due(installation.save(recipients=(YOU, "me@x.example")))
    installation.deliver(server.url)
    assert "you@x.example: refused: 550 no" in notices(mailbox)[0]
    mailbox.to_recipient.clear()
    assert put_back(installation.connection, delivery, YOU, LATER) == [YOU]
    (message,) = installation.deliver(server.url, LATER)
    assert message.state == "done" and message.reason is None
    assert mailbox.received == {OWNER: 1, YOU: 1, "me@x.example": 1}
