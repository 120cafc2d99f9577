"""The outbox: a mail is claimed before it is sent, and marked with what became of it.

Each step is a transaction of its own, so that a process may be killed anywhere: what it had claimed is then
unknown, and nobody but a person sends it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from exports.delivery.smtp import Answer, Outcome, Transport, check_address
from exports.errors import InvalidParameter, NotFound
from exports.snapshot import statements

# The wait after the first attempt, the second and so on; after the last one the mail is given up.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
# A claim that is older was left by a process that is gone or hangs: longer than any attempt may take.
LEASE = timedelta(minutes=30)
# What could not be rendered, for want of room on a disk, is tried again after that.
RETRY_RENDERING_AFTER = timedelta(minutes=15)
MOST_RECIPIENTS = 200
RESULT, UNDELIVERED = "result", "undelivered"
# Of app.outbox, and of app.deliveries.
MAILS, DELIVERIES = statements("exports.delivery", "outbox"), statements("exports.delivery", "deliveries")


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


@dataclass(frozen=True)
class ListedDelivery:
    """A delivery with its mails; `title` is the saved query's, or that of a result sent by hand."""

    delivery_id: int
    query_id: int | None
    title: str
    due_at: datetime | None
    requested_at: datetime
    requested_by: str
    state: str
    reason: str | None
    released_by: str | None
    result_id: str | None
    mails: tuple[Mail, ...] = ()


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
            DELIVERIES["request"],
            {
                "result_id": result_id,
                "formats": list(formats),
                "chart": None if chart is None else Jsonb(chart),
                "requested_by": requested_by,
            },
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
    mails = [
        {
            "delivery_id": delivery_id,
            "kind": kind,
            "recipient": recipient,
            "message_id": _message_id(mail_from),
            "as_of": as_of,
        }
        for recipient in recipients
    ]
    with connection.cursor() as cursor:
        cursor.executemany(MAILS["add"], mails)


def waiting(connection: psycopg.Connection[Any], delivery_id: int, as_of: datetime) -> list[tuple[str, str]]:
    """Kind and recipient of the delivery's mails that may be sent now."""
    return connection.execute(MAILS["waiting"], {"delivery_id": delivery_id, "as_of": as_of}).fetchall()


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
    values = {
        "delivery_id": delivery_id,
        "kind": kind,
        "recipient": recipient,
        "as_of": as_of,
        "process": process,
    }
    with connection.transaction(), connection.cursor(row_factory=class_row(Claim)) as cursor:
        return cursor.execute(MAILS["claim"], values).fetchone()


def mark(connection: psycopg.Connection[Any], claimed: Claim, answer: Answer, as_of: datetime) -> str:
    """Write down what became of the attempt, committed at the return; the mail's new state."""
    state, next_attempt_at = _next(claimed, answer, as_of)
    values = {
        "state": state,
        "answer": answer.text,
        "next_attempt_at": next_attempt_at,
        "delivery_id": claimed.delivery_id,
        "kind": claimed.kind,
        "recipient": claimed.recipient,
        "claimed_at": claimed.claimed_at,
    }
    with connection.transaction():
        connection.execute(MAILS["mark"], values)
    return state


def put_off(
    connection: psycopg.Connection[Any], delivery_id: int, kind: str, reason: str, as_of: datetime
) -> None:
    """Let mails that could not be made wait a while: no attempt at sending them, and none is counted."""
    values = {
        "delivery_id": delivery_id,
        "kind": kind,
        "reason": reason,
        "as_of": as_of,
        "next_attempt_at": as_of + RETRY_RENDERING_AFTER,
    }
    with connection.transaction():
        connection.execute(MAILS["put_off"], values)


def give_up_claims(connection: psycopg.Connection[Any], is_gone: Callable[[str], bool]) -> int:
    """Mark as unknown what killed processes had claimed; how many mails that were."""
    processes = connection.execute(MAILS["claiming_processes"]).fetchall()
    ended = [process for (process,) in processes if is_gone(process)]
    with connection.transaction():
        return connection.execute(
            MAILS["give_up_claims"], {"ended_processes": ended, "lease": LEASE}
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
            MAILS["put_back"], {"delivery_id": delivery_id, "recipient": recipient, "as_of": as_of}
        ).fetchall()
        if not found:
            to = f" to {recipient}" if recipient else ""
            raise NotFound(
                f"delivery {delivery_id} has no mail{to} that is unknown, failed or refused;"
                " see: subdyn delivery list"
            )
        connection.execute(DELIVERIES["reopen"], {"delivery_id": delivery_id})
    return sorted(to for (to,) in found)


def mails(connection: psycopg.Connection[Any], delivery_ids: Sequence[int]) -> list[Mail]:
    """The mails of these deliveries, by delivery, kind and recipient."""
    with connection.cursor(row_factory=class_row(Mail)) as cursor:
        return cursor.execute(MAILS["mails"], {"delivery_ids": list(delivery_ids)}).fetchall()


def find_deliveries(
    connection: psycopg.Connection[Any], state: str | None = None, limit: int = 50
) -> list[ListedDelivery]:
    """The newest deliveries, newest first; of one state, or `unknown`: those with a mail of that state."""
    with connection.cursor(row_factory=class_row(ListedDelivery)) as cursor:
        found = cursor.execute(DELIVERIES["list"], {"state": state, "most": limit}).fetchall()
    of_all = mails(connection, [delivery.delivery_id for delivery in found])
    return [
        replace(delivery, mails=tuple(mail for mail in of_all if mail.delivery_id == delivery.delivery_id))
        for delivery in found
    ]


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
