"""Which databases a command works on: one's own, or the demo's where that is meant."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.operator.create import create
from orchestration.cli.app import run
from orchestration.cli.installation import Sources, open_installation
from orchestration.migrate import read_migrations
from orchestration.settings import SettingsError


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith("SUBDYN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".subdyn"


@dataclass(frozen=True)
class Urls:
    billing_url: str
    platform_url: str | None = None
    middleware_url: str | None = None


def test_sources_without_a_url_are_the_demos_only_where_there_is_a_demo(home: Path) -> None:
    with pytest.raises(SettingsError, match=r"^SUBDYN_BILLING_URL and .*switch the sources off.*subdyn demo"):
        open_installation(Sources.READ).__enter__()
    assert not home.exists()

    with open_installation(Sources.MADE_UP_WHERE_UNSET) as settings:
        assert settings.embedded
        with pytest.raises(SettingsError, match="holds no demo"):
            open_installation(Sources.READ).__enter__()
        create(Urls(settings.source_url("billing")), customers=3, months=1, subscribers=1)
        with open_installation(Sources.READ) as again:
            assert again.embedded
            assert again.source_url("billing") == settings.source_url("billing")


@pytest.mark.parametrize("command", [["run", "hourly"], ["verify"]])
def test_a_command_that_reads_sources_names_the_variable_that_is_not_set(
    command: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    assert capsys.readouterr().err.startswith("subdyn: SUBDYN_BILLING_URL and ")
    assert not home.exists()


@pytest.mark.parametrize("command", [["run", "hourly"], ["demo"], ["up"], ["report", "list"]])
def test_one_source_without_a_url_beside_another_is_refused_by_every_command(
    command: list[str], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUBDYN_BILLING_URL", "postgresql://me@127.0.0.1:1/mine")
    assert run(command) == 2
    assert "SUBDYN_PLATFORM_URL and SUBDYN_MIDDLEWARE_URL are not set" in capsys.readouterr().err
    assert not home.exists()


def test_reports_and_migrations_need_the_warehouse_alone(
    fresh_database: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", fresh_database)
    assert run(["migrate"]) == 0
    message = capsys.readouterr().err
    assert all(migration.name in message for migration in read_migrations())
    assert run(["migrate"]) == run(["migrate", "--admin-url", fresh_database]) == 0
    assert capsys.readouterr().err == 2 * "the warehouse is up to date\n"
    assert run(["report", "list"]) == 0
    assert not home.exists(), capsys.readouterr().err
