"""`subdyn up`: the embedded servers and the Dagster UI, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.exits import Failed
from orchestration.cli.house import Sources, console, open_house
from orchestration.dagster_home import WORKSPACE, prepare_dagster_home
from orchestration.settings import Settings

PATIENCE_SECONDS = 20


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the Dagster UI listens.")] = 3000,
    host: Annotated[str, typer.Option(help="Address it listens at.")] = "127.0.0.1",
) -> None:
    """Start the servers that are not set, and the Dagster UI with its schedules; Ctrl-C stops them all."""
    with open_house(Sources.MADE_UP_WHERE_UNSET) as settings:
        from orchestration.cli.killed import end_killed

        home = prepare_dagster_home(settings)
        end_killed(settings)
        console.print(f"[green]Dagster UI[/]: http://{host}:{port}  (Ctrl-C stops it)")
        code = _supervise(_command(host, port), _environment(settings, home))
    if code != 0:
        raise Failed(f"the Dagster UI ended with exit code {code}; is port {port} in use? (--port)")


def _command(host: str, port: int) -> list[str]:
    dagster = Path(sys.executable).with_name("dagster")
    return [str(dagster), "dev", "-w", str(WORKSPACE), "--host", host, "--port", str(port)]


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    return {**os.environ, **settings.environment(), "DAGSTER_HOME": str(home)}


def _supervise(command: list[str], environment: dict[str, str]) -> int:
    """Run the command until it ends or we are interrupted; its exit code, 0 if it was stopped by us."""
    # Its own process group: a Ctrl-C in the terminal reaches us alone, and we tell it once.
    process = subprocess.Popen(  # noqa: S603 - our own interpreter's dagster
        command, env=environment, process_group=0, preexec_fn=_heed_interrupts
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(process)


def _heed_interrupts() -> None:
    # A shell starts background commands with SIGINT ignored, and dagster would inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it left behind: its code server would go on waiting for heartbeats."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
    for force in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE_SECONDS / 2
        while _send(process.pid, force) and time.monotonic() < deadline:
            time.sleep(0.2)
    process.poll()


def _send(group: int, force: signal.Signals) -> bool:
    """Whether there was anybody left in the process group to send the signal to."""
    try:
        os.killpg(group, force)
    except ProcessLookupError:
        return False
    return True
