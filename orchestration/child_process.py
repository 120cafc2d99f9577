"""A child process that ends with the block it works for, and with its parent, be that one killed.

Between the two stands a watcher, this module run as a program: it waits at a pipe, which closes when the
block ends and, as the kernel sees to, when the parent is killed; then it ends the child if that still runs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

PATIENCE_SECONDS = 5.0


@contextmanager
def ended_with(process: subprocess.Popen) -> Iterator[None]:
    """The child has ended after the block: by itself, or by SIGINT, or killed where it does not heed that."""
    watcher = subprocess.Popen(  # noqa: S603 - this module
        [sys.executable, "-m", __name__, str(process.pid), str(PATIENCE_SECONDS)],
        stdin=subprocess.PIPE,
        # a Ctrl-C in the terminal is for the child
        process_group=0,
    )
    try:
        yield
    finally:
        if watcher.stdin is not None:
            watcher.stdin.close()
        process.wait()
        watcher.wait()


def _watch(process_id: int, patience_seconds: float) -> None:
    # a child that has ended, and a later process of its number, are left alone
    with suppress(psutil.NoSuchProcess):
        child = psutil.Process(process_id)
        sys.stdin.read()
        child.send_signal(signal.SIGINT)
        try:
            child.wait(patience_seconds)
        except psutil.TimeoutExpired:
            child.kill()


if __name__ == "__main__":
    _watch(int(sys.argv[1]), float(sys.argv[2]))
