"""Kill the delivery at each of its steps: everybody has exactly one mail, or the row says unknown.

SUBDYN_TEST_KILL_ROUNDS says how often at each step.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.process import BaseProcess

import pytest

from tests.integration.delivery.killed_delivery import STALE_TITLE, STEPS, deliver_until_killed, generate
from tests.support.deliveries import DUE, Installation
from tests.support.mail_server import Mailbox, MailServer

ROUNDS = int(os.environ.get("SUBDYN_TEST_KILL_ROUNDS", "1"))
PEOPLE = ("me@x.example", "you@x.example")
# How often the server has the word of each while all goes well: five mails.
OF_THE_SERVER = {"rcpt": 5, "data": 5, "kept": 5}
Start = Callable[..., BaseProcess]


@pytest.fixture(scope="module")
def start() -> Start:
    """Starts a delivery in a process of its own, forked from a server that has everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.delivery.killed_delivery"])

    def started(*arguments: str | int) -> BaseProcess:
        process = context.Process(target=deliver_until_killed, args=arguments)
        process.start()
        return process

    return started


@dataclass(frozen=True)
class Round:
    """Two queries that are due, and a third one whose inputs are stale."""

    installation: Installation
    mailbox: Mailbox
    server: MailServer
    deliveries: dict[int, str]

    def expect_once(self, killed: BaseProcess) -> Counter[str]:
        """Let other processes finish what the killed one left; how often which state was met."""
        killed.join(60)
        assert killed.exitcode == -signal.SIGKILL
        self.mailbox.on = lambda step: None
        for hours, asked in ((0, generate), (1, None)):
            at = DUE + timedelta(hours=hours)
            self.installation.deliver(self.server.url, at, **({"generate": asked} if asked else {}))
        arrived = Counter(letter["Message-ID"] for _, letter in self.mailbox.letters)
        met: Counter[str] = Counter()
        for delivery, title in self.deliveries.items():
            assert self.installation.delivery(delivery)[0] == "done"
            assert self._results(title) == 1
            assert tuple(sorted(self.installation.states(delivery))) == PEOPLE
            assert len(self.installation.states(delivery, "withheld")) == title.startswith(STALE_TITLE)
            for message_id, kind, state in self._mails(delivery):
                assert (state, arrived[message_id]) in {("sent", 1), ("unknown", 0), ("unknown", 1)}, kind
                met[f"{state}, {arrived[message_id]} arrived"] += 1
        return met

    def _results(self, title: str) -> int:
        """Stored results of the query, whether a delivery names them or not."""
        row = self.installation.connection.execute(
            "select count(*) from app.report_results where content->>'title' = %s", (f"Result of {title}",)
        ).fetchone()
        assert row is not None
        return row[0]

    def _mails(self, delivery: int) -> list[tuple[str, str, str]]:
        return self.installation.connection.execute(
            "select message_id, kind, state from app.outbox where delivery_id = %s", (delivery,)
        ).fetchall()


def new_round(installation: Installation, mailbox: Mailbox, server: MailServer, name: str) -> Round:
    """Three due times of three new queries; an empty mailbox."""
    mailbox.letters.clear()
    titles = [f"{first} {name}" for first in ("First", "Second", STALE_TITLE)]
    deliveries = {installation.fall_due(installation.save(title, PEOPLE)): title for title in titles}
    return Round(installation, mailbox, server, deliveries)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_each_mail_arrives_once_or_is_unknown(
    installation: Installation, server: MailServer, mailbox: Mailbox, start: Start, step: str, when: str
) -> None:
    met: Counter[str] = Counter()
    for number in range(ROUNDS):
        name = f"{step} {when} {number}"
        made = new_round(installation, mailbox, server, name)
        nth = random.Random(name).randint(1, STEPS[step][2])
        met += made.expect_once(start(installation.url, server.url, step, when, nth))
    print(f"{step}, {when}: {dict(met)}")


@pytest.mark.parametrize("step", OF_THE_SERVER)
def test_killed_while_the_server_answers_each_mail_arrives_once_or_is_unknown(
    installation: Installation, server: MailServer, mailbox: Mailbox, start: Start, step: str
) -> None:
    met: Counter[str] = Counter()
    for number in range(ROUNDS):
        name = f"server {step} {number}"
        made, running = new_round(installation, mailbox, server, name), []
        mailbox.on = killing(step, random.Random(name).randint(1, OF_THE_SERVER[step]), running)
        running.append(start(installation.url, server.url, "", "", 0))
        met += made.expect_once(running[0])
    print(f"server, {step}: {dict(met)}")


def killing(step: str, nth: int, running: list[BaseProcess]) -> Callable[[str], None]:
    """Called by the server at each of its steps: the nth time that this one comes, it kills the sender."""
    seen: list[str] = []

    def kill(at: str) -> None:
        seen.append(at)
        if at == step and seen.count(step) == nth:
            # not waited for here: only one thread may ask the process how it ended
            running[0].kill()

    return kill
