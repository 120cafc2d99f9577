"""Everything that is due goes its way: generated, let through or withheld, put into the outbox, sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from exports.delivery.gate import Finding, withheld_because
from exports.delivery.outbox import DELIVERIES, RESULT, Sender, add_mails
from exports.delivery.sending import Delivered, send
from exports.delivery.smtp import address_of
from exports.errors import InvalidParameter, MissingRate, NotFound, ReportError, one_line
from exports.result import StoredResult
from exports.result_store import store

WITHHELD, FAILED, MISSED = "withheld", "failed", "missed"


@dataclass(frozen=True)
class Due:
    """A due time of a saved query (None: asked for by hand), with what is said of it where it is sent."""

    delivery_id: int
    query_id: int
    title: str
    owner: str
    recipients: list[str]
    is_deleted: bool
    due_at: datetime | None
    is_released: bool


Generate = Callable[[psycopg.Connection[Any], Due], StoredResult]
Findings = Callable[[str], Sequence[Finding]]


def deliver(
    warehouse_url: str, *, as_of: datetime, generate: Generate, findings: Findings, sender: Sender
) -> Iterator[Delivered]:
    """Take every delivery a step further, yield each that moved or was held; then send the outbox.

    `generate` answers a due query, not yet stored, on the idle connection that it is given; `findings` are
    the failed checks of what the report of that name reads. Several processes may deliver at once: each
    takes what no other has.

    A result is stored, named by its delivery and put into the outbox in one transaction, so that a due time
    has at most one. What is withheld stores nothing: it is generated again from the data that heal it. An
    error of the question is the end of the delivery, any other withholds it; the owner gets one
    notice of either. Raises psycopg.Error where the warehouse is lost.
    """
    with (
        closing(psycopg.connect(warehouse_url, autocommit=True)) as connection,
        closing(psycopg.connect(warehouse_url, autocommit=True)) as asked,
    ):
        run = _Run(connection, asked, as_of, generate, findings, sender)
        for delivery_id in run.unfinished():
            moved = run.go_on_with(delivery_id)
            if moved is not None and moved.state != "ready":
                yield moved
        run.tell_of_missed()
    yield from send(warehouse_url, as_of=as_of, sender=sender)


def release(connection: psycopg.Connection[Any], delivery_id: int, released_by: str) -> None:
    """Let a withheld delivery go in spite of what withholds it; raises NotFound where it is not withheld."""
    values = {"delivery_id": delivery_id, "released_by": released_by}
    if not connection.execute(DELIVERIES["release"], values).rowcount:
        raise NotFound(f"delivery {delivery_id} is not withheld; see: subdyn delivery list")


def start_again(connection: psycopg.Connection[Any], delivery_id: int) -> bool:
    """Let a delivery that failed before it had a result be due again; whether it was one."""
    return connection.execute(DELIVERIES["make_due"], {"delivery_id": delivery_id}).rowcount > 0


@dataclass(frozen=True)
class _Run:
    connection: psycopg.Connection[Any]
    asked: psycopg.Connection[Any]
    as_of: datetime
    generate: Generate
    findings: Findings
    sender: Sender

    def unfinished(self) -> list[int]:
        """The deliveries without a result, in the order in which they fell due."""
        found = self.connection.execute(DELIVERIES["unfinished"]).fetchall()
        return [delivery_id for (delivery_id,) in found]

    def go_on_with(self, delivery_id: int) -> Delivered | None:
        """Generate and let through, or withhold; None where another process has it or it went on already."""
        with self.connection.transaction():
            self.connection.execute(DELIVERIES["hold_as_long_as_it_takes"])
            due = self._take(delivery_id)
            if due is None:
                return None
            if due.is_deleted:
                return self._end(due, FAILED, "the saved query was deleted before this went out")
            try:
                result = self.generate(self.asked, due)
            except (InvalidParameter, NotFound, MissingRate) as error:
                return self._end(due, FAILED, str(error))
            except Exception as error:
                # whatever it is, it must not hold up the others; a lost warehouse holds up all
                if self.asked.closed:
                    raise
                self.asked.rollback()
                return self._end(due, WITHHELD, _reason(error))
            because = withheld_because(result, due.due_at, self.findings(result.report))
            if because is not None and not due.is_released:
                return self._end(due, WITHHELD, because)
            return self._let_through(due, result)

    def tell_of_missed(self) -> None:
        """One notice for all due times of a query that passed untold: under the last of them."""
        with self.connection.transaction():
            missed = self.connection.execute(DELIVERIES["notice_missed"]).fetchall()
            last = {query_id: (delivery_id, owner) for query_id, _, delivery_id, owner in sorted(missed)}
            for delivery_id, owner in last.values():
                self._add_notice(delivery_id, MISSED, owner)

    def _take(self, delivery_id: int) -> Due | None:
        with self.connection.cursor(row_factory=class_row(Due)) as cursor:
            return cursor.execute(DELIVERIES["take"], {"delivery_id": delivery_id}).fetchone()

    def _end(self, due: Due, state: str, reason: str) -> Delivered:
        """Withhold the delivery or give it up; the owner gets a notice the first time."""
        self.connection.execute(
            DELIVERIES["stop"], {"delivery_id": due.delivery_id, "state": state, "reason": reason}
        )
        # the outbox takes one notice of a kind: nobody reads twice that it is withheld
        self._add_notice(due.delivery_id, state, due.owner)
        return Delivered(due.delivery_id, due.query_id, None, (), state, reason)

    def _let_through(self, due: Due, result: StoredResult) -> Delivered:
        stored = store(self.connection, result)
        state = "ready" if due.recipients else "done"
        self.connection.execute(
            DELIVERIES["let_through"],
            {"delivery_id": due.delivery_id, "result_id": stored.result_id, "state": state},
        )
        add_mails(
            self.connection, due.delivery_id, RESULT, due.recipients,
            mail_from=self.sender.mail_from, as_of=self.as_of,
        )  # fmt: skip
        return Delivered(due.delivery_id, due.query_id, stored, (), state, None)

    def _add_notice(self, delivery_id: int, kind: str, owner: str) -> None:
        add_mails(
            self.connection, delivery_id, kind, [address_of(owner, self.sender.mail_from)],
            mail_from=self.sender.mail_from, as_of=self.as_of,
        )  # fmt: skip


def _reason(error: Exception) -> str:
    """The error on one line; one that nobody foresaw says its type."""
    message = one_line(error)
    return message if isinstance(error, ReportError) else f"unexpected {type(error).__name__}: {message}"
