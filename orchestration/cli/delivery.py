"""`subdyn delivery`: what was sent, is withheld or unknown, and a person's word on it."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from orchestration.cli.exits import BadInput
from orchestration.cli.installation import open_installation
from orchestration.cli.sending import send_now
from orchestration.cli.terminal import Terminal, console

if TYPE_CHECKING:
    from exports.delivery.outbox import ListedDelivery

STATES = ("due", "withheld", "ready", "done", "missed", "failed")
MOST_LISTED = 10_000
delivery_app = typer.Typer(
    help="What was sent, is withheld or unknown.", no_args_is_help=True, add_completion=False
)
DeliveryArgument = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="As `delivery list` tells it.")
]


@delivery_app.command("list")
def list_deliveries(
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help=f"Only those: {', '.join(STATES)}, or unknown.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="How many, newest first.")] = 50,
) -> None:
    """List the deliveries, newest first, with what became of each mail."""
    if state is not None and state not in (*STATES, "unknown"):
        raise BadInput(f"--state: unknown state {state!r}: use {', '.join(STATES)}, or unknown")
    import psycopg

    from exports.delivery.outbox import find_deliveries

    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        found = find_deliveries(connection, state, limit)
    print_deliveries(found)


@delivery_app.command("release")
def release(delivery_id: DeliveryArgument) -> None:
    """Let a withheld delivery go in spite of what withholds it; who did is kept with it.

    It goes out with the next run of the job deliveries.
    """
    import psycopg

    from exports.delivery import run

    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        run.release(connection, delivery_id, getpass.getuser())
    console.print(f"delivery {delivery_id} is released: the next run of deliveries sends it", soft_wrap=True)


@delivery_app.command("retry")
def retry(
    delivery_id: DeliveryArgument,
    recipient: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Only this one; else all who have not got it.")
    ] = None,
) -> None:
    """Send again what is unknown, failed or refused, at once; or let a failed delivery be due again.

    A mail that is unknown may arrive a second time: only a person can know.
    """
    import psycopg

    from exports.delivery.outbox import put_back
    from exports.delivery.run import start_again

    now = datetime.now(UTC)
    with open_installation() as settings:
        with psycopg.connect(settings.warehouse(), autocommit=True) as connection:
            if recipient is None and start_again(connection, delivery_id):
                console.print(
                    f"delivery {delivery_id} is due again: the next run of deliveries makes it",
                    soft_wrap=True,
                )
                return
            put_back(connection, delivery_id, recipient, now)
        send_now(settings, delivery_id, now)


def print_deliveries(deliveries: Sequence[ListedDelivery]) -> None:
    """A line for each delivery, and below it one for each mail that did not simply go out."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("ID", justify="right", no_wrap=True)
    table.add_column("Due, UTC", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("What, and to whom it went", overflow="fold")
    for delivery in deliveries:
        due = delivery.due_at or delivery.requested_at
        table.add_row(
            str(delivery.delivery_id),
            f"{due.astimezone(UTC):%Y-%m-%d %H:%M}",
            delivery.state,
            Text("\n".join(_lines(delivery))),
        )
    Terminal().print(table)


def _lines(delivery: ListedDelivery) -> list[str]:
    sent = [mail.recipient for mail in delivery.mails if mail.kind == "result" and mail.state == "sent"]
    lines = [delivery.title + (f", to {', '.join(sent)}" if sent else "")]
    if delivery.reason and delivery.state in ("withheld", "missed", "failed"):
        lines += delivery.reason.splitlines()
    if delivery.released_by:
        lines.append(f"released by {delivery.released_by}")
    lines += [_mail(mail) for mail in delivery.mails if mail.state != "sent"]
    return lines


def _mail(mail: Any) -> str:
    what = "" if mail.kind == "result" else f"notice ({mail.kind}) to "
    again = f", again {mail.next_attempt_at.astimezone(UTC):%H:%M} UTC" if mail.state == "waiting" else ""
    said = f": {mail.answer}" if mail.answer else ""
    return f"{what}{mail.recipient}: {mail.state}{again}{said}"
