"""The signals that end a command: Ctrl-C, SIGTERM and the loss of its terminal are one and the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether a signal has come: libraries hide its KeyboardInterrupt behind errors of their own."""

    def __init__(self) -> None:
        self.has_come = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """The signals' handler."""
        self.has_come = True
        raise KeyboardInterrupt


@contextmanager
def termination_as_interrupt(interruption: Interruption) -> Iterator[None]:
    """Within the block the ending signals raise KeyboardInterrupt, unless the process ignores them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, interruption)
        for number in _ENDING
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Within the block no ending signal is heeded: what was started is being ended already."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
