"""Sends what waits in the outbox: several mails at once, each claimed before and marked after."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from exports import shares
from exports.delivery import outbox
from exports.delivery.mail import Contents, letter, result_contents
from exports.delivery.notices import Notice, notice_contents
from exports.delivery.outbox import DELIVERIES, RESULT, UNDELIVERED, Mail, Sender
from exports.delivery.smtp import Answer, Outcome, address_of
from exports.errors import one_line
from exports.result import StoredResult
from exports.result_store import load

# So many deliveries are rendered ahead of the one whose mails are waited for.
AHEAD = 4


@dataclass(frozen=True)
class Delivered:
    """What became of a delivery: its result (None: none yet), who has got it, its state and why it is so.

    A delivery that is ready with a reason could not be sent yet and will be tried again; `is_stuck` where
    that is the operator's own fault: no mail could be made of it. `size` is the mail's in bytes; 0 where none
    was made.
    """

    delivery_id: int
    query_id: int | None
    result: StoredResult | None
    recipients: tuple[str, ...]
    state: str
    reason: str | None
    size: int = 0
    is_stuck: bool = False


@dataclass(frozen=True)
class _Delivery:
    """A delivery with something in the outbox."""

    delivery_id: int
    query_id: int | None
    result_id: str | None
    title: str | None
    owner: str
    due_at: datetime | None
    formats: list[str]
    chart: Mapping[str, Any] | None
    state: str
    reason: str | None


@dataclass
class _Outgoing:
    """A delivery whose mails are on their way."""

    delivery: _Delivery
    result: StoredResult | None = None
    size: int = 0
    reason: str | None = None
    attempts: list[Future[None]] = field(default_factory=list[Future[None]])


def send(
    warehouse_url: str, *, as_of: datetime, sender: Sender, delivery_id: int | None = None
) -> Iterator[Delivered]:
    """Send every mail that may be sent by `as_of`, or one delivery's; tell of each delivery of a result.

    A mail that cannot be made (a full disk) stays as it is, with the reason. Raises psycopg.Error where the
    warehouse is lost: what was being sent then is unknown.
    """
    with closing(psycopg.connect(warehouse_url, autocommit=True)) as connection:
        outbox.give_up_claims(connection, sender.is_gone)
        pool = ThreadPoolExecutor(sender.at_once, thread_name_prefix="mail")
        try:
            run = _Sending(warehouse_url, connection, pool, as_of, sender)
            yield from run.all(delivery_id)
        finally:
            # what is being sent is marked; what is not begun stays in the outbox
            pool.shutdown(cancel_futures=True)


@dataclass
class _Sending:
    warehouse_url: str
    connection: psycopg.Connection[Any]
    pool: ThreadPoolExecutor
    as_of: datetime
    sender: Sender
    tried: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])

    def all(self, delivery_id: int | None) -> Iterator[Delivered]:
        """Deliveries with mails to send, until none is left: a result's failure makes a notice."""
        while found := self._deliveries(delivery_id):
            ahead: deque[_Outgoing] = deque()
            for delivery in found:
                ahead.append(self._begin(delivery))
                if len(ahead) >= AHEAD:
                    yield from self._end(ahead.popleft())
            while ahead:
                yield from self._end(ahead.popleft())

    def _deliveries(self, delivery_id: int | None) -> list[_Delivery]:
        """Those with a mail to be sent that was not tried in this run, or with none left to send."""
        with self.connection.cursor(row_factory=class_row(_Delivery)) as cursor:
            found = cursor.execute(
                DELIVERIES["to_send"], {"delivery_id": delivery_id, "as_of": self.as_of}
            ).fetchall()
        return [delivery for delivery in found if self._untried(delivery)]

    def _untried(self, delivery: _Delivery) -> set[str]:
        """The kinds of mails that wait and were not tried in this run; RESULT where none is left to send."""
        waiting = outbox.waiting(self.connection, delivery.delivery_id, self.as_of)
        kinds = {kind for kind, _ in waiting} or {RESULT}
        return {kind for kind in kinds if (delivery.delivery_id, kind) not in self.tried}

    def _begin(self, delivery: _Delivery) -> _Outgoing:
        """Make the mails of each kind and hand them to the pool."""
        outgoing = _Outgoing(delivery)
        untried = self._untried(delivery)
        self.tried |= {(delivery.delivery_id, kind) for kind in untried}
        waiting = outbox.waiting(self.connection, delivery.delivery_id, self.as_of)
        for kind in sorted(untried & {kind for kind, _ in waiting}):
            try:
                contents = self._contents(outgoing, kind)
            except Exception as error:
                # one delivery that cannot be made into a mail must not hold up the others
                outgoing.reason = f"no mail could be made of it: {_reason(error)}"
                outbox.put_off(self.connection, delivery.delivery_id, kind, outgoing.reason, self.as_of)
                continue
            if kind == RESULT:
                outgoing.size = contents.size
            outgoing.attempts += [
                self.pool.submit(self._attempt, delivery.delivery_id, kind, to, contents)
                for of_kind, to in waiting
                if of_kind == kind
            ]
        return outgoing

    def _contents(self, outgoing: _Outgoing, kind: str) -> Contents:
        delivery = outgoing.delivery
        if kind != RESULT:
            return notice_contents(self._notice(delivery), kind)
        assert delivery.result_id is not None  # noqa: S101 - the table's own check
        outgoing.result = load(self.connection, delivery.result_id)
        return result_contents(
            outgoing.result, delivery.formats, delivery.chart, delivery.title or outgoing.result.title,
            self.sender.limit_bytes, self._link(outgoing.result),
        )  # fmt: skip

    def _link(self, result: StoredResult) -> Callable[[], str] | None:
        """What makes a link to the result, in the name and the scope of who generated it."""
        web_url = self.sender.web_url
        if web_url is None:
            return None

        def make() -> str:
            made = shares.create(self.connection, result.result_id, result.generated_by, self.as_of)
            return shares.address(web_url, made.link_id)

        return make

    def _notice(self, delivery: _Delivery) -> Notice:
        """The delivery as its notice tells it, with the other due times that the notice speaks for."""
        mails = outbox.mails(self.connection, [delivery.delivery_id])
        together = self.connection.execute(
            DELIVERIES["missed_together"], {"delivery_id": delivery.delivery_id}
        ).fetchall()
        return Notice(
            delivery.delivery_id,
            delivery.title or f"result {delivery.result_id}",
            delivery.state,
            delivery.due_at,
            delivery.reason,
            tuple(mail for mail in mails if mail.kind == RESULT),
            tuple(due_at for (due_at,) in together),
        )

    def _attempt(self, delivery_id: int, kind: str, recipient: str, contents: Contents) -> None:
        """Claim, send and mark one mail, in a thread of the pool."""
        with closing(psycopg.connect(self.warehouse_url, autocommit=True)) as connection:
            claimed = outbox.claim(
                connection, delivery_id, kind, recipient, process=self.sender.process, as_of=self.as_of
            )
            if claimed is None:
                return
            answer = self._send(claimed, contents)
            outbox.mark(connection, claimed, answer, self.as_of)

    def _send(self, claimed: outbox.Claim, contents: Contents) -> Answer:
        try:
            made = letter(
                contents, mail_from=self.sender.mail_from, to=claimed.recipient,
                message_id=claimed.message_id, at=self.as_of,
            )  # fmt: skip
        except ValueError as error:
            return Answer(Outcome.REFUSED, f"no mail can be addressed so: {_reason(error)}")
        return self.sender.transport.send(made, claimed.recipient)

    def _end(self, outgoing: _Outgoing) -> Iterator[Delivered]:
        """Wait for the delivery's mails, close it where none is left to send, and tell of it."""
        for attempt in outgoing.attempts:
            attempt.result()
        delivery = outgoing.delivery
        if delivery.result_id is None or delivery.state != "ready":
            return
        result = outgoing.result or load(self.connection, delivery.result_id)
        state, mails = self._close(delivery, outgoing.reason)
        yield Delivered(
            delivery.delivery_id,
            delivery.query_id,
            result,
            tuple(mail.recipient for mail in mails if mail.state == "sent"),
            state,
            outgoing.reason or _not_sent(mails),
            outgoing.size,
            outgoing.reason is not None,
        )

    def _close(self, delivery: _Delivery, reason: str | None) -> tuple[str, list[Mail]]:
        """The delivery's state and mails: done once none is left to send; whoever ends last closes it.

        A notice to the owner tells whom it did not reach.
        """
        with self.connection.transaction():
            closed = self.connection.execute(
                DELIVERIES["close"], {"delivery_id": delivery.delivery_id}
            ).rowcount
            found = outbox.mails(self.connection, [delivery.delivery_id])
            mails = [mail for mail in found if mail.kind == RESULT]
            row = self.connection.execute(
                DELIVERIES["set_reason"],
                {"delivery_id": delivery.delivery_id, "reason": reason or _not_sent(mails)},
            ).fetchone()
            if closed and any(mail.state != "sent" for mail in mails):
                outbox.add_mails(
                    self.connection, delivery.delivery_id, UNDELIVERED,
                    [address_of(delivery.owner, self.sender.mail_from)],
                    mail_from=self.sender.mail_from, as_of=self.as_of,
                )  # fmt: skip
        return row[0] if row is not None else delivery.state, mails


def _not_sent(mails: list[Mail]) -> str | None:
    """To whom it did not go, and why; None where all have it."""
    answers = [f"{mail.recipient}: {mail.state}: {mail.answer}" for mail in mails if mail.state != "sent"]
    return "; ".join(answers) or None


def _reason(error: Exception) -> str:
    return one_line(error) or type(error).__name__
