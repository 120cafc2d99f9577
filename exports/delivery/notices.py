"""What the owner of a saved query reads when its result did not go out, or did not reach everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exports.delivery.mail import Contents, header_text
from exports.delivery.outbox import Mail
from exports.errors import minute_text

SHOWN_DUE_TIMES = 20


@dataclass(frozen=True)
class Notice:
    """A delivery as its notice tells it now; the mails are those of its result.

    `together` are the missed due times of the same query that one notice tells of.
    """

    delivery_id: int
    title: str
    state: str
    due_at: datetime | None
    reason: str | None
    mails: tuple[Mail, ...]
    together: tuple[datetime, ...] = ()


def notice_contents(notice: Notice, kind: str) -> Contents:
    """The notice of that kind: what happened, why, and what to do."""
    name = (
        f"{header_text(notice.title)}, due {minute_text(notice.due_at)},"
        if notice.due_at
        else header_text(notice.title)
    )
    again = f"subdyn delivery retry {notice.delivery_id}"
    reason, remedy = notice.reason, ""
    match kind:
        case "withheld" if notice.state == "withheld":
            what = f"{name} is withheld."
            remedy = (
                "It goes out by itself once that is healed. To let it go as it is:"
                f" subdyn delivery release {notice.delivery_id}"
            )
        case "withheld":
            what, reason = f"{name} was withheld, and no longer is: its state is {notice.state}.", None
        case "failed":
            what = f"{name} could not be generated and was given up."
            remedy = f"Once that is mended: {again}"
        case "missed":
            what = f"{name} was missed."
            if len(notice.together) > 1:
                title, times = header_text(notice.title), len(notice.together)
                what = f"{title} was missed {times} times: {_first(notice.together)}."
            remedy = f"To have the last one all the same: {again}"
        case _:
            what = f"{name} did not reach everybody."
            reason = "\n".join(
                f"- {mail.recipient}: {mail.state}: {mail.answer or ''}" for mail in notice.mails
            )
            remedy = (
                "The state unknown means that a mail may have arrived. To send again:"
                f" {again} --recipient ADDRESS"
            )
    parts = (what, reason, remedy, f"Delivery {notice.delivery_id}.")
    return Contents(
        subject=header_text(f"{kind}: {notice.title}"),
        text="\n\n".join(part for part in parts if part) + "\n",
    )


def _first(due_times: tuple[datetime, ...]) -> str:
    more = f" and {len(due_times) - SHOWN_DUE_TIMES} more" if len(due_times) > SHOWN_DUE_TIMES else ""
    return ", ".join(map(minute_text, due_times[:SHOWN_DUE_TIMES])) + more
