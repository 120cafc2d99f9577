"""A command whose processes all end with the process that started it, however that ends.

Between the two stands a watcher, this module run as a program. It starts the command in a process group of
its own and waits until the command ends or the pipe from the starter closes, which the kernel sees to even
when the starter is killed; then it ends whatever is left of the group.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

from orchestration.cli.signals import undisturbed

PATIENCE_SECONDS = 20.0
_EVERY_SECONDS = 0.2


def run_group(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command; its exit code, 0 if an interrupt ended it. No process of it is left afterwards."""
    watched, held = os.pipe()
    watcher = subprocess.Popen(  # noqa: S603 - this module
        [sys.executable, "-m", __name__, str(watched), *command],
        env=environment,
        pass_fds=[watched],
        # a Ctrl-C in the terminal reaches the starter alone
        process_group=0,
    )
    os.close(watched)
    try:
        return watcher.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        with undisturbed():
            os.close(held)
            watcher.wait()


def _watch(pipe: int, command: Sequence[str]) -> int:
    # a shell starts background commands with SIGINT ignored, and the command would inherit that
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, process_group=0)  # noqa: S603 - the starter's command
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while process.poll() is None and not select.select([pipe], [], [], _EVERY_SECONDS)[0]:
        pass
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
    # its code server would go on waiting for heartbeats, a run for its end
    for force in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE_SECONDS / 2
        with suppress(ProcessLookupError):
            os.killpg(process.pid, force)
        while _left(process.pid) and time.monotonic() < deadline:
            time.sleep(_EVERY_SECONDS)
    code = process.wait()
    return code if code >= 0 else 128 - code


def _left(group: int) -> bool:
    """Whether a process of the group lives; one that ended and waits for its parent to notice does not."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


if __name__ == "__main__":
    sys.exit(_watch(int(sys.argv[1]), sys.argv[2:]))
