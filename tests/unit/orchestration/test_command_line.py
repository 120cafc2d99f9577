import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from orchestration.cli import app as command_line
from orchestration.cli.app import run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "hurly"], "'hurly' is not one of"),
        (["run", "hourly", "--as-of", "noon"], "'noon' is no time"),
        (["report", "customer-dynamics", "--timezone", "Mars/Base", "--interval", "last-month"], "Mars/Base"),
        (["report", "customer-dynamics", "--timezone", "UTC", "--interval", "last-mnth"], "last-month"),
        (["report", "customer-dynamics", "--timezone", "UTC"], "interval"),
        (["report", "customer-dynamics", "--interval", "last-month"], "timezone"),
        (
            ["report", "customer-dynamics", "--timezone", "UTC", "--interval", "today", "--format", "pdf"],
            "'pdf'",
        ),
        (["demo", "--customers", "many"], "--customers"),
        (["nothing"], "nothing"),
        (["migrate", "--admin-url", "mysql://root:secret@h/d"], "--admin-url"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("subdyn: ")
    assert message in lines[0]
    assert "secret" not in lines[0]


def test_a_wrong_setting_is_bad_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBDYN_BILLING_URL", "sqlite://x")
    assert run(["run", "hourly"]) == 2
    assert "SUBDYN_BILLING_URL" in capsys.readouterr().err


def test_the_demo_never_writes_into_databases_of_ones_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBDYN_BILLING_URL", "postgresql://me@127.0.0.1:1/mine")
    monkeypatch.setenv("SUBDYN_PLATFORM_URL", "")
    monkeypatch.setenv("SUBDYN_MIDDLEWARE_URL", "")
    assert run(["demo"]) == 2
    assert "SUBDYN_BILLING_URL" in capsys.readouterr().err


def test_debug_shows_the_traceback_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "hourly", "--as-of", "noon", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_help_is_quick_for_it_imports_neither_dagster_nor_dbt() -> None:
    code = "import sys, orchestration.cli.app; print({'dagster', 'dbt', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_an_interrupt_even_where_a_library_makes_an_error_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def hide_the_interrupt() -> None:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt as interrupt:
            raise RuntimeError("Error calling __set_name__") from interrupt

    app = typer.Typer()
    app.command("hide")(hide_the_interrupt)
    monkeypatch.setattr(command_line, "app", app)
    # in the background of a shell SIGINT is ignored, and stays so
    default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, default)
    try:
        assert run([]) == 130
    finally:
        signal.signal(number, before)
    assert capsys.readouterr().err == "subdyn: interrupted\n"


def test_the_module_ends_with_its_exit_code_after_an_interrupt_of_executed_text(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "import orchestration.cli\n"
        "def main():\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n"
        "orchestration.cli.main = main\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-m", "orchestration"], env=environment, check=False)
    assert ended.returncode == 130
