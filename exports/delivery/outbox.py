"""The outbox: a mail is claimed before it is sent, and marked with what became of it.

Each step is a transaction of its own, so that a process may be killed anywhere: what it had claimed is then
unknown, and nobody but a person sends it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from exports.delivery.smtp import Answer, Outcome, Transport, check_address
from exports.errors import InvalidParameter, NotFound

# The wait after the first attempt, the second and so on; after the last one the mail is given up.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
# A claim that is older was left by a process that is gone or hangs: longer than any attempt may take.
LEASE = timedelta(minutes=30)
# What could not be rendered, for want of room on a disk, is tried again after that.
RETRY_RENDERING_AFTER = timedelta(minutes=15)
MOST_RECIPIENTS = 200
RESULT, UNDELIVERED = "result", "undelivered"


@dataclass(frozen=True)
class Sender:
    """By what mails go out: the way, the operator's address, the most a mail may weigh, and this process.

    `process` tells this process from all others; `is_gone` says whether another one's process has ended, as
    far as this machine can know. `web_url` is where the pages are, for a link in the place of what is too
    large; None: nowhere.
    """

    transport: Transport
    mail_from: str
    limit_bytes: int
    process: str
    is_gone: Callable[[str], bool]
    at_once: int = 8
    web_url: str | None = None


@dataclass(frozen=True)
class Claim:
    """A mail that this process, and no other, may send now."""

    delivery_id: int
    kind: str
    recipient: str
    message_id: str
    attempt_count: int
    claimed_at: datetime


@dataclass(frozen=True)
class Mail:
    """One row of the outbox, as it is listed."""

    delivery_id: int
    kind: str
    recipient: str
    state: str
    attempt_count: int
    next_attempt_at: datetime
    answer: str | None


def request(
    connection: psycopg.Connection[Any],
    *,
    result_id: str,
    recipients: Sequence[str],
    formats: Sequence[str],
    chart: Any = None,
    requested_by: str,
    mail_from: str,
    as_of: datetime,
) -> int:
    """Ask for a stored result to be sent; the number of the delivery, whose mails wait from `as_of` on.

    Raises InvalidParameter for an address that is none, and for more recipients than one delivery may have.
    """
    addresses = check_recipients(recipients)
    with connection.transaction():
        row = connection.execute(
            """
            insert into app.deliveries (result_id, formats, chart, state, requested_by)
            values (%s, %s, %s, 'ready', %s)
            returning delivery_id
            """,
            (result_id, list(formats), None if chart is None else Jsonb(chart), requested_by),
        ).fetchone()
        assert row is not None  # noqa: S101 - an insert gives its row back
        add_mails(connection, row[0], RESULT, addresses, mail_from=mail_from, as_of=as_of)
    return row[0]


def check_recipients(recipients: Iterable[str]) -> list[str]:
    """The addresses, each once; raises InvalidParameter."""
    by_folded = {address.casefold(): address for address in map(check_address, recipients)}
    if not 1 <= len(by_folded) <= MOST_RECIPIENTS:
        raise InvalidParameter(
            "recipient", f"{len(by_folded)} recipients: a result goes to 1 to {MOST_RECIPIENTS} addresses"
        )
    return list(by_folded.values())


def add_mails(
    connection: psycopg.Connection[Any],
    delivery_id: int,
    kind: str,
    recipients: Iterable[str],
    *,
    mail_from: str,
    as_of: datetime,
) -> None:
    """Put a mail for each recipient into the outbox; one that is there already stays as it is."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into app.outbox (delivery_id, kind, recipient, message_id, next_attempt_at)
            values (%s, %s, %s, %s, %s)
            on conflict do nothing
            """,
            [(delivery_id, kind, to, _message_id(mail_from), as_of) for to in recipients],
        )


def waiting(connection: psycopg.Connection[Any], delivery_id: int, as_of: datetime) -> list[tuple[str, str]]:
    """Kind and recipient of the delivery's mails that may be sent now."""
    return connection.execute(
        """
        select kind, recipient from app.outbox
        where delivery_id = %s and state = 'waiting' and next_attempt_at <= %s
        order by kind, recipient
        """,
        (delivery_id, as_of),
    ).fetchall()


def claim(
    connection: psycopg.Connection[Any],
    delivery_id: int,
    kind: str,
    recipient: str,
    *,
    process: str,
    as_of: datetime,
) -> Claim | None:
    """Claim the mail, committed at the return; None where it is not to be sent now, or is another's."""
    with connection.transaction():
        return (
            connection.cursor(row_factory=class_row(Claim))
            .execute(
                """
                with free as (
                    select delivery_id, kind, recipient from app.outbox
                    where
                        delivery_id = %(delivery)s and kind = %(kind)s and recipient = %(recipient)s
                        and state = 'waiting' and next_attempt_at <= %(as_of)s
                    for update skip locked
                )

                update app.outbox as mail
                set
                    state = 'claimed',
                    claimed_at = clock_timestamp(),
                    claimed_by = %(process)s,
                    attempt_count = mail.attempt_count + 1
                from free
                where (mail.delivery_id, mail.kind, mail.recipient)
                    = (free.delivery_id, free.kind, free.recipient)
                returning
                    mail.delivery_id, mail.kind, mail.recipient, mail.message_id, mail.attempt_count,
                    mail.claimed_at
                """,
                {
                    "delivery": delivery_id,
                    "kind": kind,
                    "recipient": recipient,
                    "as_of": as_of,
                    "process": process,
                },
            )
            .fetchone()
        )


def mark(connection: psycopg.Connection[Any], claimed: Claim, answer: Answer, as_of: datetime) -> str:
    """Write down what became of the attempt, committed at the return; the mail's new state.

    A claim that was taken for a crashed one's in the meantime is known after all.
    """
    state, again_at = _next(claimed, answer, as_of)
    with connection.transaction():
        connection.execute(
            """
            update app.outbox
            set
                state = %(state)s,
                answer = %(answer)s,
                next_attempt_at = coalesce(%(again_at)s, next_attempt_at),
                sent_at = case when %(state)s = 'sent' then clock_timestamp() end
            where
                delivery_id = %(delivery)s and kind = %(kind)s and recipient = %(recipient)s
                and state in ('claimed', 'unknown') and claimed_at = %(claimed_at)s
            """,
            {
                "state": state,
                "answer": answer.text,
                "again_at": again_at,
                "delivery": claimed.delivery_id,
                "kind": claimed.kind,
                "recipient": claimed.recipient,
                "claimed_at": claimed.claimed_at,
            },
        )
    return state


def put_off(
    connection: psycopg.Connection[Any], delivery_id: int, kind: str, reason: str, as_of: datetime
) -> None:
    """Let mails that could not be made wait a while: no attempt at sending them, and none is counted."""
    with connection.transaction():
        connection.execute(
            """
            update app.outbox set next_attempt_at = %s, answer = %s
            where delivery_id = %s and kind = %s and state = 'waiting' and next_attempt_at <= %s
            """,
            (as_of + RETRY_RENDERING_AFTER, reason, delivery_id, kind, as_of),
        )


def give_up_claims(connection: psycopg.Connection[Any], is_gone: Callable[[str], bool]) -> int:
    """Mark as unknown what killed processes had claimed; how many mails that were.

    The lease goes by the database's clock: it measures processes, not the data's days.
    """
    held = connection.execute(
        "select distinct claimed_by from app.outbox where state = 'claimed' and claimed_by is not null"
    ).fetchall()
    gone = [process for (process,) in held if is_gone(process)]
    with connection.transaction():
        return connection.execute(
            """
            update app.outbox
            set
                state = 'unknown',
                answer = 'the process that was sending it ended before it knew whether the server took it'
            where state = 'claimed' and (claimed_by = any(%s) or claimed_at < clock_timestamp() - %s)
            """,
            (gone, LEASE),
        ).rowcount


def put_back(
    connection: psycopg.Connection[Any], delivery_id: int, recipient: str | None, as_of: datetime
) -> list[str]:
    """Let mails that are unknown, failed or refused wait again, attempts counted again; to whom they go.

    One delivery's, all of them or one recipient's. A person's decision: an unknown mail may arrive twice.
    Raises NotFound where there is nothing of that kind.
    """
    with connection.transaction():
        found = connection.execute(
            """
            update app.outbox
            set state = 'waiting', attempt_count = 0, next_attempt_at = %(as_of)s
            where
                delivery_id = %(delivery)s and state in ('unknown', 'failed', 'refused')
                and (%(recipient)s::text is null or lower(recipient) = lower(%(recipient)s))
            returning recipient
            """,
            {"delivery": delivery_id, "recipient": recipient, "as_of": as_of},
        ).fetchall()
        if not found:
            to = f" to {recipient}" if recipient else ""
            raise NotFound(
                f"delivery {delivery_id} has no mail{to} that is unknown, failed or refused;"
                " see: subdyn delivery list"
            )
        connection.execute(
            "update app.deliveries set state = 'ready' where delivery_id = %s and state = 'done'",
            (delivery_id,),
        )
    return sorted(to for (to,) in found)


def mails(connection: psycopg.Connection[Any], delivery_ids: Sequence[int]) -> list[Mail]:
    """The mails of these deliveries, by delivery, kind and recipient."""
    return (
        connection.cursor(row_factory=class_row(Mail))
        .execute(
            """
            select
                delivery_id, kind, recipient, state, attempt_count, next_attempt_at, answer
            from app.outbox
            where delivery_id = any(%s)
            order by delivery_id, kind desc, recipient
            """,
            (list(delivery_ids),),
        )
        .fetchall()
    )


def _next(claimed: Claim, answer: Answer, as_of: datetime) -> tuple[str, datetime | None]:
    """The state after an attempt, and when the next one may be made."""
    match answer.outcome:
        case Outcome.SENT | Outcome.REFUSED | Outcome.UNKNOWN:
            return answer.outcome.value, None
        case Outcome.AGAIN if claimed.attempt_count <= len(BACK_OFF):
            return "waiting", as_of + BACK_OFF[claimed.attempt_count - 1]
        case Outcome.AGAIN:
            return "failed", None


def _message_id(mail_from: str) -> str:
    return f"<{secrets.token_hex(16)}@{mail_from.rpartition('@')[2]}>"
