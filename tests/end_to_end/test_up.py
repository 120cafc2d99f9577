"""`subdyn up` without embedded servers: it leaves nothing behind, and is refused where another one is."""

from pathlib import Path

import psutil

from demo import processes
from orchestration.settings import Settings
from tests.support.installation import NOBODY, open_installation, subdyn, wait_for


def refusal(settings: Settings, port: int) -> str:
    done = subdyn(settings, "up", "--port", str(port))
    _, message = done.communicate(timeout=120)
    assert done.returncode == 1
    (line,) = message.strip().splitlines()
    return line


def test_a_second_one_is_refused_and_the_first_ends_whole_on_sigterm(
    fresh_database: str, home: Path, tmp_path: Path
) -> None:
    settings = open_installation(home, fresh_database, NOBODY)
    port = processes.free_port()
    up = subdyn(settings, "up", "--port", str(port))
    try:
        wait_for(lambda: processes.port_answers(port))
        family = psutil.Process(up.pid).children(recursive=True)
        programs = " ".join(word for process in family for word in process.cmdline())
        assert "dagster_webserver" in programs
        assert "dagster._daemon" in programs

        assert f"process {up.pid}, http://127.0.0.1:{port}" in refusal(settings, processes.free_port())
        elsewhere = settings.model_copy(update={"home": tmp_path / "another home"})
        taken = refusal(elsewhere, port)
        assert f"port {port} of 127.0.0.1 is taken by" in taken
        webserver = next(process for process in family if "dagster_webserver" in process.cmdline())
        assert f"process {webserver.pid} (" in taken

        family = psutil.Process(up.pid).children(recursive=True)
        up.terminate()
        assert up.wait(90) == 0
        wait_for(lambda: not any(processes.is_alive(process) for process in family), 30)
    finally:
        up.kill()
        up.communicate()
