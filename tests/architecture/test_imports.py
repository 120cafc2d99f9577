"""What no module may do. Which package may import which is a contract of import-linter, in pyproject.toml."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("extract", "exports", "demo", "orchestration")
LONGEST_FILE = 400
LONGEST_DEFINITIONS = 60

# The settings read; these hand settings on to dbt and Dagster, who have no other way in.
READS_ENVIRONMENT = {"orchestration/settings.py"}
HANDS_ON_ENVIRONMENT = {
    "orchestration/dbt_resource.py",
    "orchestration/dagster_home.py",
    "orchestration/cli/up.py",
}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        str(path.relative_to(ROOT))
        for room in ("extract", "exports", "orchestration")
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert reading - HANDS_ON_ENVIRONMENT == READS_ENVIRONMENT


def test_the_definitions_only_assemble() -> None:
    lines = (ROOT / "orchestration" / "definitions.py").read_text().splitlines()
    assert len(lines) < LONGEST_DEFINITIONS


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_outgrows_its_room(room: str) -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in modules(room)
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    ]
    assert long == []


@pytest.mark.parametrize("room", ["extract", "exports"])
def test_no_rule_asks_the_clock_of_the_day(room: str) -> None:
    asking = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        if isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date")
    ]
    assert asking == []


def test_every_result_is_stored_by_one_function() -> None:
    writing = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for suffix in ("py", "sql")
        for path in sorted((ROOT / room).rglob(f"*.{suffix}"))
        if "insert into app.report_results" in path.read_text()
    ]
    assert writing == ["exports/result_store/store.sql"]
    package = (ROOT / "exports/result_store/__init__.py").read_text()
    assert package.count('"store")') == 1, "one function reads the statement"


def test_nothing_waits_for_a_lock_that_every_login_could_take() -> None:
    folders = (*ROOMS, "dbt_project")
    advisory = [
        str(path.relative_to(ROOT))
        for folder in folders
        for suffix in ("py", "sql")
        for path in sorted((ROOT / folder).rglob(f"*.{suffix}"))
        if "pg_advisory" in path.read_text()
    ]
    assert advisory == []


def test_no_module_of_this_project_is_a_drawer_for_everything() -> None:
    names = {path.stem for room in ROOMS for path in modules(room)}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
