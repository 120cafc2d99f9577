"""--send-to: a stored result by mail, through the outbox and at once."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.exits import Failed
from orchestration.cli.terminal import console

if TYPE_CHECKING:
    from exports.result import StoredResult
    from orchestration.settings import Settings

# Attached where --format names none.
USUAL_FORMATS = ("xlsx",)
SendToOption = Annotated[
    list[str] | None,
    typer.Option("--send-to", metavar="ADDRESS", help="Send the result by mail, too; may be repeated."),
]


def check_send_to(addresses: Sequence[str] | None) -> list[str]:
    """The addresses of --send-to, each once; raises InvalidParameter for what is none."""
    if not addresses:
        return []
    from exports.delivery.outbox import check_recipients

    return check_recipients(addresses)


def send_result(
    result: StoredResult,
    addresses: Sequence[str],
    formats: Sequence[str],
    chart: Mapping[str, Any] | None,
    settings: Settings,
) -> None:
    """Put the result into the outbox and send it; tells where each mail went. Raises Failed."""
    import psycopg

    from exports.delivery.outbox import request

    now = datetime.now(UTC)
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        delivery_id = request(
            connection,
            result_id=result.result_id,
            recipients=addresses,
            formats=formats or USUAL_FORMATS,
            chart=chart,
            requested_by=getpass.getuser(),
            mail_from=settings.mail_from,
            as_of=now,
        )
    send_now(settings, delivery_id, now)


def send_now(settings: Settings, delivery_id: int, now: datetime) -> None:
    """Send what waits of the delivery and tell what became of it; raises Failed unless all went out."""
    import psycopg

    from exports.delivery.outbox import mails
    from exports.delivery.sending import send
    from orchestration.mailer import sender

    deliveries = list(send(settings.warehouse(), as_of=now, sender=sender(settings), delivery_id=delivery_id))
    with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
        found = [mail for mail in mails(connection, [delivery_id]) if mail.kind == "result"]
    for mail in found:
        if mail.state == "sent":
            console.print(f"sent to {mail.recipient}: {mail.answer}", soft_wrap=True)
    lacking = [f"{mail.recipient}: {mail.state}: {mail.answer}" for mail in found if mail.state != "sent"]
    if lacking:
        # what could not be made into a mail has no answer of a server
        reasons = [delivered.reason for delivered in deliveries if delivered.reason] or ["; ".join(lacking)]
        raise Failed(f"delivery {delivery_id} did not reach everybody: {reasons[0]}")
