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
from tests.integration.delivery.house import DUE, House, answered
from tests.integration.delivery.mail_server import Mailbox, MailServer
from tests.unit.exports.results import END

YOU, OWNER, HOUSE = "you@x.example", "ann@x.example", "subdyn@house.example"
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
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    query = house.save(recipients=(YOU, "me@x.example"))
    delivery = house.fall_due(query)
    (told,) = house.deliver(server.url)
    assert (told.state, told.query_id, told.reason) == ("done", query, None)
    assert told.recipients == ("me@x.example", YOU)
    assert told.size > 1000
    assert mailbox.received == {YOU: 1, "me@x.example": 1}
    assert house.results(delivery) == 1
    assert house.deliver(server.url) == []
    assert "Weekly, 2026-01-01 .. 2026-01-01" in {letter["Subject"] for _, letter in mailbox.letters}


def test_without_recipients_the_result_is_stored_and_that_is_all(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    delivery = house.fall_due(house.save(recipients=()))
    (told,) = house.deliver(server.url)
    assert told.state == "done" and told.result is not None
    assert house.delivery(delivery)[2] == told.result.result_id
    assert mailbox.letters == []


def test_stale_inputs_withhold_it_with_one_notice_and_it_goes_out_by_itself_once_healed(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    delivery = house.fall_due(house.save())
    for _ in range(3):
        (told,) = house.deliver(server.url, generate=stale)
        assert told.state == "withheld"
    reason = "billing's data through 2026-01-01T22:00Z does not reach the interval's end, 2026-01-01T23:00Z"
    assert house.delivery(delivery) == ("withheld", reason, None)
    assert mailbox.received == {OWNER: 1}
    (notice,) = notices(mailbox)
    assert reason in notice and f"subdyn delivery release {delivery}" in notice

    (told,) = house.deliver(server.url, LATER)
    assert (told.state, told.reason) == ("done", None)
    assert told.result is not None and told.result.data_through["billing"] >= END
    assert mailbox.received == {OWNER: 1, YOU: 1}
    assert house.results(delivery) == 1


def test_a_failed_check_withholds_it_and_the_notice_shows_the_failing_rows(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    house.fall_due(house.save())
    house.deliver(server.url, findings=wrong)
    (notice,) = notices(mailbox)
    assert "check ledger_equals_live_balances failed: 1 customer differs" in notice
    assert "customer 7, ledger 1.00, live 2.00" in notice
    assert mailbox.received[YOU] == 0
    house.deliver(server.url, LATER)
    assert mailbox.received[YOU] == 1


def test_a_person_lets_it_go_and_that_is_recorded(house: House, server: MailServer, mailbox: Mailbox) -> None:
    delivery = house.fall_due(house.save())
    house.deliver(server.url, generate=stale, findings=wrong)
    release(house.connection, delivery, "bob")
    with pytest.raises(NotFound, match="not withheld"):
        release(house.connection, delivery, "eve")
    house.deliver(server.url, generate=stale, findings=wrong)
    assert mailbox.received[YOU] == 1
    row = house.connection.execute(
        "select state, released_by, released_at is not null from app.deliveries where delivery_id = %s",
        (delivery,),
    ).fetchone()
    assert row == ("done", "bob", True)


def test_an_interval_that_is_not_over_has_to_be_fresh_to_the_due_time(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    house.fall_due(house.save())

    def of_this_month(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        result = answered(connection, due)
        asked = replace(result.asked_interval, ends_at=DUE + timedelta(days=27))
        return replace(result, asked_interval=asked, data_through={"billing": through})

    through = DUE - timedelta(minutes=1)
    assert [told.state for told in house.deliver(server.url, generate=of_this_month)] == ["withheld"]
    through = DUE
    assert [told.state for told in house.deliver(server.url, generate=of_this_month)] == ["done"]


def test_what_is_asked_for_by_hand_goes_out_as_far_as_data_reach_and_not_with_a_past_that_is_stale(
    house: House, server: MailServer
) -> None:
    query = house.save()
    house.fall_due(query, None)

    def of_this_month(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        result = stale(connection, due)
        return replace(result, asked_interval=replace(result.asked_interval, ends_at=LATER))

    assert [told.state for told in house.deliver(server.url, generate=of_this_month)] == ["done"]
    house.fall_due(query, None)
    assert [told.state for told in house.deliver(server.url, generate=stale)] == ["withheld"]


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
    house: House, server: MailServer, mailbox: Mailbox, error: ReportError
) -> None:
    delivery = house.fall_due(house.save())
    (told,) = house.deliver(server.url, generate=failing(error))
    assert (told.state, told.reason) == ("failed", str(error))
    assert house.deliver(server.url, generate=failing(error)) == []
    (notice,) = notices(mailbox)
    assert str(error) in notice and f"subdyn delivery retry {delivery}" in notice

    assert start_again(house.connection, delivery)
    house.deliver(server.url, LATER)
    assert mailbox.received == {OWNER: 1, YOU: 1}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotReady("billing has never been loaded completely"), "never been loaded"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_any_other_error_withholds_one_delivery_and_none_else(
    house: House, server: MailServer, mailbox: Mailbox, error: Exception, told: str
) -> None:
    bad, good = house.fall_due(house.save("Bad")), house.fall_due(house.save("Good"))

    def generate(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
        if due.title == "Bad":
            raise error
        return answered(connection, due)

    house.deliver(server.url, generate=generate)
    assert house.delivery(bad)[0] == "withheld" and told in house.delivery(bad)[1]
    assert house.delivery(good)[0] == "done"
    house.deliver(server.url, LATER)
    assert house.delivery(bad)[0] == "done"
    assert mailbox.received == {OWNER: 1, YOU: 2}


def test_a_deleted_query_is_not_sent_and_its_owner_told(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    query = house.save()
    delivery = house.fall_due(query)
    house.connection.execute("update app.saved_queries set deleted_at = now() where query_id = %s", (query,))
    house.deliver(server.url)
    assert house.delivery(delivery)[0] == "failed"
    assert mailbox.received == {OWNER: 1}


def test_an_owner_without_an_address_is_told_at_the_houses(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    house.fall_due(house.save(owner="ann"))
    house.deliver(server.url, generate=stale)
    assert mailbox.received == {HOUSE: 1}


def test_a_notice_that_came_too_late_says_so(house: House, server: MailServer, mailbox: Mailbox) -> None:
    house.fall_due(house.save())
    mailbox.after_data = ["450 later"]
    house.deliver(server.url, generate=stale)
    house.deliver(server.url, LATER)
    assert mailbox.received == {OWNER: 1, YOU: 1}
    assert "was withheld, and no longer is" in notices(mailbox)[0]


def test_missed_due_times_are_told_in_one_notice(house: House, server: MailServer, mailbox: Mailbox) -> None:
    query, other = house.save(), house.save("Other")
    for hours in range(25):
        house.fall_due(query, DUE + timedelta(hours=hours), "missed")
    house.fall_due(other, DUE, "missed")
    for _ in range(2):
        house.deliver(server.url, LATER)
    told = sorted(notices(mailbox))
    assert len(told) == 2
    assert told[0].startswith("Other, due 2026-02-01 06:00 UTC, was missed.")
    assert told[1].startswith("Weekly was missed 25 times: 2026-02-01 06:00 UTC, 2026-02-01 07:00 UTC")
    assert "and 5 more" in told[1]


def test_a_row_that_another_process_holds_is_left_to_it(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    first, second = house.fall_due(house.save("A")), house.fall_due(house.save("B"))
    with psycopg.connect(house.url) as other:
        other.execute("select 1 from app.deliveries where delivery_id = %s for update", (first,))
        assert [told.delivery_id for told in house.deliver(server.url)] == [second]
    assert [told.delivery_id for told in house.deliver(server.url)] == [first]
    assert mailbox.received == {YOU: 2}


def test_two_daemons_at_once_make_one_result_and_one_mail_of_each(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    deliveries = [house.fall_due(house.save(f"Query {number}")) for number in range(10)]
    before = house.connection.execute("select count(*) from app.report_results").fetchone()
    threads = [threading.Thread(target=house.deliver, args=(server.url,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.deliver(server.url)
    assert mailbox.received == {YOU: 10}
    assert [house.delivery(delivery)[0] for delivery in deliveries] == ["done"] * 10
    after = house.connection.execute("select count(*) from app.report_results").fetchone()
    assert before is not None and after == (before[0] + 10,)


def test_a_recipient_that_failed_is_sent_to_again_and_nobody_else(
    house: House, server: MailServer, mailbox: Mailbox
) -> None:
    mailbox.to_recipient[YOU] = "550 no"
    delivery = house.fall_due(house.save(recipients=(YOU, "me@x.example")))
    house.deliver(server.url)
    assert "you@x.example: refused: 550 no" in notices(mailbox)[0]
    mailbox.to_recipient.clear()
    assert put_back(house.connection, delivery, YOU, LATER) == [YOU]
    (told,) = house.deliver(server.url, LATER)
    assert told.state == "done" and told.reason is None
    assert mailbox.received == {OWNER: 1, YOU: 1, "me@x.example": 1}
