"""A child process ends with what it was started for; private seams are looked at with each release."""

import signal
import subprocess
import sys

import dagster
import psutil
import pytest
from dagster_dbt import DbtCliResource

from orchestration import child_process, compatibility
from orchestration.child_process import ended_with
from orchestration.compatibility import PreparedDbtCliResource

CHILD = """
import signal, time
signal.signal(signal.SIGINT, signal.{handler})
print("ready", flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time
from orchestration.child_process import ended_with
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
with ended_with(child):
    child.stdout.readline()
    print(child.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("handler", ["default_int_handler", "SIG_IGN"])
def test_it_has_ended_after_the_block_whatever_it_does_with_signals(
    handler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "PATIENCE_SECONDS", 1)
    child = subprocess.Popen([sys.executable, "-c", CHILD.format(handler=handler)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with pytest.raises(GeneratorExit), ended_with(child):
        child.stdout.readline()
        raise GeneratorExit
    assert child.returncode not in (None, 0)


def test_it_ends_when_its_parent_is_killed() -> None:
    program = CHILD.format(handler="default_int_handler")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child.wait(timeout=20)
    assert not child.is_running()


def test_the_private_seams_are_looked_at_again_with_each_release_of_dagster() -> None:
    assert f"seen in dagster {dagster.__version__}." in str(compatibility.__doc__)


def test_dagster_dbt_still_has_what_is_overridden() -> None:
    overridden = [name for name in vars(PreparedDbtCliResource) if name in vars(DbtCliResource)]
    assert {"_cli_version", "_initialize_dbt_core_adapter"} <= set(overridden)
