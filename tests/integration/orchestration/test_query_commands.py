"""`subdyn query`: what a person types, and what they are told."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from orchestration.cli.app import run
from orchestration.migrate import migrate
from tests.support.servers import PostgresServer

ASKED = ("--timezone", "Europe/Kyiv", "--interval", "last-month", "--currency", "EUR")
Said = Callable[..., str]


@pytest.fixture(scope="module")
def database(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.create_database("query_commands")
    migrate(url)
    yield url
    postgres_server.drop_database("query_commands")


@pytest.fixture(autouse=True)
def installation(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A warehouse without saved queries, and a login that is always the same."""
    for name in [name for name in os.environ if name.startswith("SUBDYN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", database)
    monkeypatch.setenv("LOGNAME", "anna")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    yield
    with psycopg.connect(database) as connection:
        connection.execute("update app.saved_queries set deleted_at = now() where deleted_at is null")


@pytest.fixture
def says(capsys: pytest.CaptureFixture[str]) -> Said:
    """What `subdyn query` writes to stdout, with exit code 0."""

    def say(*arguments: str) -> str:
        code = run(["query", *arguments])
        out, err = capsys.readouterr()
        assert code == 0, err
        return out

    return say


@pytest.fixture
def refuses(capsys: pytest.CaptureFixture[str]) -> Said:
    """What `subdyn query` says on its one line of stderr, with exit code 2."""

    def refuse(*arguments: str) -> str:
        code = run(["query", *arguments])
        out, err = capsys.readouterr()
        assert (code, out, len(err.splitlines())) == (2, "", 1), (code, out, err)
        return err.removeprefix("subdyn: ").rstrip("\n")

    return refuse


def saved(says: Said, title: str = "Clients", *further: str) -> str:
    """The number of a new query."""
    return says("save", "--title", title, "--report", "customer-dynamics", *ASKED, *further).strip()


def test_a_query_is_saved_listed_shown_and_changed(says: Said) -> None:
    number = saved(says, "Clients", "--group-by", "month", "--tag", "vip", "--send-to", "a@b.example")
    assert "Clients" in says("list") and "last-month, by month" in " ".join(says("list").split())
    shown = says("show", "Clients")
    assert "interval: last-month" in shown and "time_zone: Europe/Kyiv" in shown and "- vip" in shown
    says(
        "change",
        number,
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-31",
        "--clear",
        "tag",
        "--format",
        "csv,xlsx",
    )
    shown = says("show", number)
    assert "interval" not in shown and "from_date: '2026-01-01'" in shown and "vip" not in shown
    assert "- csv\n  - xlsx" in shown and "- a@b.example" in shown
    says("change", number, "--interval", "last-week", "--clear", "send-to")
    shown = says("show", number)
    assert "interval: last-week" in shown and "from_date" not in shown and "a@b.example" not in shown
    message = says("show", number, "--history")
    assert re.findall(r"^version (\d), written by anna", message, re.MULTILINE) == ["3", "2", "1"]


def test_a_chart_is_saved_and_taken_away(says: Said, refuses: Said) -> None:
    number = saved(says, "Chart", "--chart", "clients - active: qty", "--format", "png")
    assert "template: 'Clients - Active: Qty'" in says("show", number)
    assert refuses("change", number, "--clear", "chart") == "format png is a picture of a chart: name a chart"
    says("change", number, "--clear", "chart", "--format", "csv")
    assert "chart" not in says("show", number).partition("\n")[2]


def test_a_change_of_what_somebody_else_changed_is_refused(says: Said, refuses: Said) -> None:
    number = saved(says)
    says("change", number, "--title", "Clients now", "--version", "1")
    message = refuses("change", number, "--format", "csv", "--version", "1")
    assert re.fullmatch(
        rf"saved query {number} 'Clients now' was changed by anna at \S+ \S+ UTC, version 2: load it again",
        message,
    )
    assert refuses("delete", number, "--version", "1") == message


def test_a_schedule_shows_when_it_is_due_in_its_zone_and_in_utc(says: Said, refuses: Said) -> None:
    number = saved(says)
    message = says(
        "schedule", number, "--cron", "0  8 * * *", "--timezone", "europe/kyiv", "--missed", "tell"
    )
    lines = message.splitlines()
    assert lines[0] == f"saved query {number} 'Clients': 0 8 * * * in Europe/Kyiv, on, missed due times: tell"
    assert len(re.findall(r"^  \w{3} \S+ 08:00 Europe/Kyiv, \S+ 0[56]:00 UTC$", message, re.MULTILINE)) == 5
    assert lines[-1].startswith("nobody gets it")
    assert "paused" in says("schedule", number, "--pause")
    assert "paused" in says("list")
    assert ", on," in says("schedule", number, "--resume")
    assert "08:00 Europe/Kyiv" in says("schedule", number)
    assert "has no schedule" in says("schedule", number, "--off")
    assert "has no schedule: give --cron and --timezone" in refuses("schedule", number, "--pause")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--cron", "0 0 31 2 *", "--timezone", "UTC"),
            "cron '0 0 31 2 *' is never due: no year has such a day",
        ),
        (("--cron", "0 8 * *", "--timezone", "UTC"), "is not of five fields"),
        (("--cron", "0 8 * * *"), "timezone is mandatory"),
        (("--timezone", "UTC"), "cron is mandatory"),
        (("--cron", "0 8 * * *", "--timezone", "Europe/Kiyv"), "did you mean Europe/Kyiv"),
        (
            ("--cron", "0 8 * * *", "--timezone", "UTC", "--missed", "drop"),
            "missed 'drop' is not one of catch_up, tell",
        ),
        (("--pause", "--resume"), "give one of --pause, --resume and --off"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    says: Said, refuses: Said, options: tuple[str, ...], message: str
) -> None:
    assert message in refuses("schedule", saved(says), *options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--send-to", "a@b.example\r\nBcc: c@d.example"), "is no e-mail address"),
        (("--send-to", "a@b.example, c@d.example"), "is no e-mail address"),
        (("--send-to", "a@b.example\n"), ""),
        (("--format", "pdf"), "unknown format 'pdf'"),
        (("--format", "png"), "format png is a picture of a chart: name a chart"),
        (("--interval", "last-moth"), "unknown interval 'last-moth'"),
        (("--month", "2026-01"), "unknown parameter 'month'"),
        (("--visibility", "company"), "visibility company is that of one company"),
        (("--visibility", "some"), "visibility 'some' is not one of mine, company, all"),
        (("--chart", "Blank", "--chart-column", "Balance"), "no column 'Balance' in this report"),
        (("--title", "a\nBcc: c@d.example"), "is not one line of 1 to 200 characters"),
    ],
)
def test_a_query_that_cannot_be_is_refused_before_anything_is_kept(
    refuses: Said, says: Said, options: tuple[str, ...], message: str
) -> None:
    if not message:
        # what surrounds an address is no part of it
        assert "- a@b.example\n" in says("show", saved(says, "Trimmed", *options))
        return
    given = {
        "--title": "Clients",
        "--report": "customer-dynamics",
        **dict(zip(ASKED[::2], ASKED[1::2], strict=True)),
    }
    asked = given | dict(zip(options[::2], options[1::2], strict=True))
    assert message in refuses("save", *(word for pair in asked.items() for word in pair))
    assert "Clients" not in says("list")


def test_queries_go_into_a_file_and_come_back(says: Said, refuses: Said, tmp_path: Path) -> None:
    saved(says, "One")
    saved(says, "Two", "--send-to", "a@b.example")
    says("schedule", "Two", "--cron", "* * * * *", "--timezone", "UTC")
    text = says("export")
    says("export", "--output", "queries.yaml")
    assert (tmp_path / "queries.yaml").read_text() == text
    assert "is there already" in refuses("export", "--output", "queries.yaml")
    assert [line.partition(":")[0] for line in says("import", "queries.yaml").splitlines()] == [
        "unchanged"
    ] * 2
    says("delete", "One")
    says("change", "Two", "--title", "Three")
    message = says("import", "queries.yaml")
    assert [line.partition(":")[0] for line in message.splitlines()] == ["created", "created"]
    says("delete", "Three")
    assert says("export") == text
    assert "title: One" not in says("export", "Two")

    broken = text.replace("title: One", "title: New").replace("'* * * * *'", "0 0 31 2 *")
    (tmp_path / "broken.yaml").write_text(broken)
    assert refuses("import", "broken.yaml").startswith("query 2 'Two': cron '0 0 31 2 *' is never due")
    assert "New" not in says("list")
    assert "cannot be read" in refuses("import", "nowhere.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    assert refuses("import", "bytes.yaml") == "bytes.yaml is no text in UTF-8"


def test_a_deleted_query_is_gone_and_a_close_title_is_named(says: Said, refuses: Said) -> None:
    saved(says, "Clients of last month")
    assert "did you mean Clients of last month" in refuses("show", "Clients of last mnth")
    says("delete", "Clients of last month")
    assert "no saved query" in refuses("delete", "Clients of last month")


def test_a_query_that_is_run_before_anything_is_built_says_so(
    says: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    number = saved(says)
    assert run(["query", "run", number]) == 1
    assert "run: subdyn run nightly" in capsys.readouterr().err
