"""A started command and all it starts end with the starter, whatever ends that."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo import processes
from tests.support.installation import wait_for

ROOT = Path(__file__).resolve().parents[3]
STARTER = """
import os, sys
from orchestration.cli.process_group import run_group
from orchestration.cli.signals import Interruption, termination_as_interrupt
with termination_as_interrupt(Interruption()):
    sys.exit(run_group(sys.argv[1:], os.environ))
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
PARENT = (
    "import subprocess, sys, time;"
    f" subprocess.Popen([sys.executable, '-c', {STUBBORN!r}, sys.argv[1]]); time.sleep(600)"
)


def start(*command: str, ignore_interrupts: bool = False) -> "subprocess.Popen[bytes]":
    """As a shell script starts commands in the background, if interrupts are to be ignored."""
    ignore = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_interrupts else None
    return subprocess.Popen([sys.executable, "-c", STARTER, *command], cwd=ROOT, preexec_fn=ignore)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_all_processes_end_with_the_starter(ending: signal.Signals) -> None:
    marker = f"marker-{secrets.token_hex(8)}"
    starter = start(sys.executable, "-c", PARENT, marker)
    # the starter, the watcher, the command and its child
    wait_for(lambda: len(processes.started_with(marker)) == 4, 60)
    os.kill(starter.pid, ending)
    assert starter.wait(30) == (-signal.SIGKILL if ending is signal.SIGKILL else 0)
    wait_for(lambda: processes.started_with(marker) == [], 30)


def test_a_starter_in_the_background_of_a_script_ends_them_too() -> None:
    marker = f"marker-{secrets.token_hex(8)}"
    starter = start(sys.executable, "-c", "import time; time.sleep(600)", marker, ignore_interrupts=True)
    wait_for(lambda: len(processes.started_with(marker)) == 3, 60)
    starter.terminate()
    assert starter.wait(15) == 0
    wait_for(lambda: processes.started_with(marker) == [], 15)


def test_the_exit_code_is_the_commands() -> None:
    assert start(sys.executable, "-c", "raise SystemExit(7)").wait(30) == 7
