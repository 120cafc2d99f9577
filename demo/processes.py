"""Server processes seen from outside: which belong to a folder, how to stop them, whether a port answers.

Servers outlive the command that started them while another command uses them, so nothing here relies on
being the parent: a server is known by its folder.
"""

import signal
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil


def free_port(preferred: int | None = None) -> int:
    """A TCP port of 127.0.0.1 that is free now: the preferred one where possible."""
    for candidate in (preferred or 0, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free TCP port on 127.0.0.1")


def port_answers(port: int) -> bool:
    """Whether something accepts connections at 127.0.0.1:port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs; one that ended and merely waits for its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def working_in(folder: Path, name: str) -> list[psutil.Process]:
    """Living processes of that name whose working directory is the folder."""

    def belongs(process: psutil.Process) -> bool:
        return process.name() == name and Path(process.cwd()) == folder

    return _matching(belongs)


def started_with(*arguments: str) -> list[psutil.Process]:
    """Living processes whose command line has all these arguments."""

    def belongs(process: psutil.Process) -> bool:
        return set(arguments) <= set(process.cmdline())

    return _matching(belongs)


def stop(processes: Iterable[psutil.Process], gently: signal.Signals, patience_seconds: float) -> None:
    """Stop the processes: first gently, then, when patience is spent, by force. Returns when all are gone."""
    waiting = [process for process in processes if is_alive(process)]
    for force, seconds in ((gently, patience_seconds), (signal.SIGKILL, 10.0)):
        for process in waiting:
            _send(process, force)
        waiting = _wait_until_gone(waiting, seconds)
        if not waiting:
            return


def _matching(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if belongs(process) and is_alive(process):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, OSError):
            continue
    return found


def _send(process: psutil.Process, force: signal.Signals) -> None:
    try:
        process.send_signal(force)
    except psutil.NoSuchProcess:
        return


def _wait_until_gone(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    waiting = processes
    while waiting and time.monotonic() < deadline:
        waiting = [process for process in waiting if is_alive(process)]
        if waiting:
            time.sleep(0.02)
    return waiting
