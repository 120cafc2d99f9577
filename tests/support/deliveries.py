"""What the tests of delivery say of a warehouse: saved queries, due times, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from exports.delivery.gate import Finding
from exports.delivery.outbox import Mail, Sender, mails, request
from exports.delivery.run import Due, deliver
from exports.delivery.sending import Delivered, send
from exports.delivery.smtp import SmtpServer, Timeouts, Transport
from exports.result import StoredResult, new_result_id
from tests.support.results import a_result

DUE = datetime(2026, 2, 1, 6, tzinfo=UTC)
PATIENT = Timeouts(connect=20, command=20, answer=20)
IMPATIENT = Timeouts(connect=20, command=0.5, answer=0.5)
LIMIT = 10_000_000


def sender(transport: Transport | str, process: str = "here", limit_bytes: int = LIMIT) -> Sender:
    """One that sends by that way, or to that server, and takes every process named gone for ended."""
    way = SmtpServer(transport, PATIENT) if isinstance(transport, str) else transport
    return Sender(
        way, "subdyn@installation.example", limit_bytes, process, lambda name: name.startswith("gone")
    )


def answered(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
    """A result for a due query, not stored."""
    del connection
    return replace(a_result(title=f"Result of {due.title}"), result_id=new_result_id())


def nothing(report: str) -> Sequence[Finding]:
    """Every check of the report's inputs passed."""
    del report
    return ()


@dataclass(frozen=True)
class Installation:
    """The warehouse's URL as the pipeline, and a connection to it."""

    url: str
    connection: psycopg.Connection[Any]

    def save(
        self,
        title: str = "Weekly",
        recipients: Sequence[str] = ("you@x.example",),
        owner: str = "ann@x.example",
    ) -> int:
        """A saved query; its number."""
        row = self.connection.execute(
            """
            insert into app.saved_queries
                (title, owner, visibility, report, parameters, formats, recipients, changed_by)
            values (%s, %s, 'mine', 'customer-dynamics', '{}', '{csv}', %s, 'ann')
            returning query_id
            """,
            (title, owner, list(recipients)),
        ).fetchone()
        assert row is not None
        return row[0]

    def fall_due(
        self, query_id: int, at: datetime | None = DUE, state: str = "due", formats: str = "csv"
    ) -> int:
        """A due time of the query; the number of its delivery."""
        row = self.connection.execute(
            """
            insert into app.deliveries (query_id, due_at, formats, state, requested_by)
            values (%s, %s, %s, %s, 'schedule')
            returning delivery_id
            """,
            (query_id, at, [formats], state),
        ).fetchone()
        assert row is not None
        return row[0]

    def request(
        self, result: StoredResult, *recipients: str, formats: Sequence[str] = ("csv",), **asked: Any
    ) -> int:
        """A result to be sent by hand."""
        return request(
            self.connection, result_id=result.result_id, recipients=recipients, formats=formats,
            requested_by="ann", mail_from="subdyn@installation.example", as_of=DUE, **asked,
        )  # fmt: skip

    def send(self, transport: Transport | str, at: datetime = DUE, **options: Any) -> list[Delivered]:
        """What the outbox holds goes out."""
        return list(send(self.url, as_of=at, sender=sender(transport, **options)))

    def deliver(
        self,
        transport: Transport | str,
        at: datetime = DUE,
        generate: Any = answered,
        findings: Any = nothing,
    ) -> list[Delivered]:
        """What is due goes out."""
        return list(
            deliver(self.url, as_of=at, generate=generate, findings=findings, sender=sender(transport))
        )

    def mails(self, delivery_id: int, kind: str = "result") -> dict[str, Mail]:
        """The delivery's mails of that kind by recipient."""
        found = mails(self.connection, [delivery_id])
        return {mail.recipient: mail for mail in found if mail.kind == kind}

    def states(self, delivery_id: int, kind: str = "result") -> dict[str, str]:
        """State by recipient."""
        return {to: mail.state for to, mail in self.mails(delivery_id, kind).items()}

    def delivery(self, delivery_id: int) -> tuple[Any, ...]:
        """State, reason and result of the delivery."""
        row = self.connection.execute(
            "select state, reason, result_id from app.deliveries where delivery_id = %s", (delivery_id,)
        ).fetchone()
        assert row is not None
        return row

    def results(self, delivery_id: int) -> int:
        """How many stored results bear the title that only this delivery's query has."""
        row = self.connection.execute(
            """
            select count(*) from app.report_results as result
            inner join app.deliveries as delivery using (result_id)
            where delivery.delivery_id = %s
            """,
            (delivery_id,),
        ).fetchone()
        assert row is not None
        return row[0]
