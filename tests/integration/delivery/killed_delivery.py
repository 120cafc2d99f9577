"""A process that delivers what is due and is killed at a step: before it or after it, the nth time."""

from __future__ import annotations

import os
import signal
import smtplib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from exports.delivery import outbox, run, sending
from exports.delivery.run import Due, deliver
from exports.result import StoredResult
from tests.support.deliveries import DUE, answered, nothing, sender

STALE_TITLE = "Stale"
STALE = datetime(2026, 1, 1, 22, tzinfo=UTC)
# Every step of a delivery: where it is done, and how often while two results go to two people each and a
# third one is withheld with a notice.
STEPS: dict[str, tuple[Any, str, int]] = {
    "take": (run._Run, "_take", 3),
    "generate": (None, "", 3),
    "gate": (run, "withheld_because", 3),
    "store": (run, "store", 2),
    "fill the outbox": (run, "add_mails", 3),
    "let through": (run._Run, "_let_through", 2),
    "withhold": (run._Run, "_end", 1),
    "commit": (run._Run, "go_on_with", 3),
    "give up claims": (outbox, "give_up_claims", 1),
    "load": (sending, "load", 2),
    "render": (sending, "result_contents", 2),
    "render a notice": (sending, "notice_contents", 1),
    "claim": (outbox, "claim", 5),
    "write the letter": (sending, "letter", 5),
    "connect": (smtplib.SMTP, "connect", 5),
    "name the sender": (smtplib.SMTP, "mail", 5),
    "name the recipient": (smtplib.SMTP, "rcpt", 5),
    "hand over": (smtplib.SMTP, "send", 30),
    "read the answer": (smtplib.SMTP, "getreply", 30),
    "quit": (smtplib.SMTP, "quit", 5),
    "mark": (outbox, "mark", 5),
    "close": (sending._Sending, "_close", 2),
}


def generate(connection: psycopg.Connection[Any], due: Due) -> StoredResult:
    """A result; one whose data do not reach its interval's end for queries of that title."""
    result = answered(connection, due)
    return replace(result, data_through={"billing": STALE}) if due.title.startswith(STALE_TITLE) else result


def deliver_until_killed(url: str, mail_url: str, step: str, when: str, nth: int) -> None:
    """Deliver, and be killed as if the machine had lost its power; without a step, to the end."""
    asked = generate
    if step == "generate":
        asked = _killing(generate, when, nth)
    elif step:
        owner, name, _ = STEPS[step]
        setattr(owner, name, _killing(getattr(owner, name), when, nth))
    gone = sender(mail_url, process=f"gone {os.getpid()}")
    list(deliver(url, as_of=DUE, generate=asked, findings=nothing, sender=gone))


def _killing(function: Callable[..., Any], when: str, nth: int) -> Callable[..., Any]:
    calls, lock = 0, threading.Lock()

    def killed(*given: Any, **named: Any) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            is_the_one = calls == nth
        if is_the_one and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = function(*given, **named)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return killed
