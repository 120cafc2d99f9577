"""What no report can be asked is refused before anything is started: one line, exit code 2, by its option."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel

from exports.intervals import NAMED
from exports.parameters import titles
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.subscriber_metrics.parameters import SeatEvidenceParameters, SubscriberMetricsParameters
from orchestration.cli.app import app, run

ASKED = ("customer-dynamics", "--timezone", "UTC", "--interval", "last-month")
BETWEEN = ("customer-dynamics", "--timezone", "UTC", "--from", "2026-01-01", "--to", "2026-01-31")
Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Refused:
    """What `subdyn report` says on its one line of stderr, with exit code 2."""
    monkeypatch.chdir(tmp_path)
    # whoever gets this far was not refused
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")

    def say(*arguments: str) -> str:
        assert run(["report", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and err.startswith("subdyn: "), err
        return err.removeprefix("subdyn: ").rstrip("\n")

    return say


@pytest.mark.parametrize(
    "day", ["20260101", "1767225600", "2026-1-1", "01.01.2026", "2026-01-01T00:00", "٢٠٢٦-٠١-٠١"]
)
def test_a_date_is_written_as_a_date(refused: Refused, day: str) -> None:
    message = refused("customer-dynamics", "--timezone", "UTC", "--from", day, "--to", "2026-01-31")
    assert message == f"from {day!r} is not a date written YYYY-MM-DD"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--from", "1699-12-31", "--to", "2026-01-31"),
            "from 1699-12-31 lies outside 1700-01-01 .. 2200-12-31",
        ),
        (
            ("--from", "2026-01-01", "--to", "2201-01-01"),
            "to 2201-01-01 lies outside 1700-01-01 .. 2200-12-31",
        ),
    ],
)
def test_no_interval_lies_beyond_the_years_that_anyone_has_data_of(
    refused: Refused, arguments: tuple[str, ...], message: str
) -> None:
    assert refused("customer-dynamics", "--timezone", "UTC", *arguments) == message


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--company", "2"), ("--timezone", "UTC"), ("--interval", "today"), ("--currency", "EUR"),
        ("--owner", "1"), ("--output", "x.csv"), ("--format", "csv"), ("--active-duration", "1"),
    ],
)  # fmt: skip
def test_an_option_of_one_value_is_given_once(refused: Refused, option: str, value: str) -> None:
    once = () if option in ASKED else (option, value)
    assert refused(*ASKED, *once, option, value) == f"{option} is given more than once"


@pytest.mark.parametrize(
    "option",
    [
        "--tag", "--client-type", "--group-by", "--currency", "--company", "--owner", "--package", "--format",
        "--output", "--as-of", "--active-duration",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["", "  ", ","])
def test_an_option_without_a_value_is_no_option(refused: Refused, option: str, value: str) -> None:
    assert refused(*ASKED, option, value) == f"{option} is empty: give it a value or leave it out"


@pytest.mark.parametrize(
    "zone", ["localtime", "Factory", "posixrules", "posix/UTC", "right/UTC", "UTC+3", "../UTC"]
)
def test_a_zone_is_one_of_the_iana_database(refused: Refused, zone: str) -> None:
    message = refused("customer-dynamics", "--timezone", zone, "--interval", "last-month")
    assert message.startswith(f"unknown time zone {zone!r}: ")


def test_a_file_named_as_one_format_is_not_written_as_another(refused: Refused) -> None:
    message = refused(*ASKED, "--format", "xlsx", "--output", "x.csv")
    assert message == "--output: x.csv is named as csv, --format says xlsx: leave one out"
    assert "'pdf'" in refused(*ASKED, "--output", "x.pdf")
    assert "a folder" in refused(*ASKED, "--format", "csv,xlsx", "--output", "x.csv")
    assert "one format" in refused(*ASKED, "--format", "csv,xlsx", "--output", "-")


REFILLS = "Balance Refill: Total"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "png"), "--format png: a picture shows a chart: name one with --chart"),
        (("--output", "x.svg"), "--format svg: a picture shows a chart: name one with --chart"),
        (("--chart", REFILLS), "--chart is shown by xlsx, html, png, svg: name one of them with --format"),
        (
            ("--chart", REFILLS, "--format", "csv"),
            "--chart is shown by xlsx, html, png, svg: name one of them with --format",
        ),
        (("--chart-type", "bar", "--format", "png"), "--chart is missing: name a chart, or its columns with"),
        (("--chart", "Refills", "--format", "png"), "unknown chart 'Refills'"),
        (("--chart", "blank", "--format", "png"), "the Blank chart shows the columns that you name"),
        (("--chart-column", "Packages: Qty", "--format", "xlsx"), "no column 'Packages: Qty' in this report"),
        (("--chart-column", "Month", "--format", "xlsx", "--group-by", "month"), "'Month' holds no numbers"),
        (
            ("--chart", REFILLS, "--chart-type", "pie", "--format", "html"),
            "chart type 'pie' is not one of line",
        ),
        (("--chart", REFILLS, "--chart-column", "x", "--format", "html"), "has its own column"),
    ],
)
def test_a_chart_that_cannot_be_is_refused_before_anything_is_asked(
    refused: Refused, arguments: tuple[str, ...], message: str
) -> None:
    assert message in refused(*ASKED, *arguments)


def test_a_metric_that_is_no_column_is_refused(refused: Refused) -> None:
    message = refused("subscriber-metrics", "--chart-column", "En. stuff", "--format", "png")
    assert message == "chart: no column 'En. stuff' in this report: did you mean En. staff, Ac. staff?"


def test_a_file_that_is_there_is_kept(refused: Refused, tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv"
    kept.write_text("mine")
    message = refused(*ASKED, "--output", "kept.csv")
    assert message == "--output: kept.csv is there already: name another, or give --overwrite to replace it"
    assert kept.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("list", "--limit", "99999999999999999999"), "--limit"),
        (("list", "--limit", "0"), "--limit"),
        (("seat-evidence", "--subscriber", "9" * 30, "--month", "2026-01"), "subscriber"),
        (("seat-evidence", "--subscriber", "1", "--month", "2026"), "month"),
        (("subscriber-metrics", "--subscriber", "-1"), "subscriber"),
        ((*ASKED, "--company", "9" * 30), "company"),
        ((*ASKED, "--owner", "0"), "owner"),
        ((*ASKED, "--active-duration", "9" * 30), "active-duration"),
        ((*BETWEEN, "--as-of", "0001-01-01T00:00+14:00"), "--as-of"),
        ((*ASKED, "--as-of", "9999-12-31T23:59-14:00"), "--as-of"),
        ((*ASKED, "--as-of", "1500-01-01"), "--as-of"),
        ((*ASKED, "--output", "x\0y.csv"), "--output"),
        ((*ASKED, "--output", "x" * 300 + ".csv"), "--output"),
        ((*ASKED, "--output", "/dev/full", "--format", "csv"), "is a device"),
        ((*ASKED, "--output", "~nobody_of_that_name/x.csv"), "--output"),
        (("show", "\udcff"), "no stored result"),
        (("show", "xyz"), "'xyz'"),
    ],
)
def test_what_lies_beyond_what_anything_can_hold_is_refused_by_its_option(
    refused: Refused, arguments: tuple[str, ...], option: str
) -> None:
    message = refused(*arguments)
    assert option in message and "unexpected" not in message


@pytest.mark.parametrize("arguments", [["report", "--help"], ["report", "customer-dynamics", "--help"]])
def test_the_help_lists_every_interval(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(arguments) == 0
    message = capsys.readouterr().out
    for name in (*NAMED, "last-N-days", "-weeks", "-months", "-years"):
        assert name in message


@pytest.mark.parametrize(
    ("model", "commands"),
    [
        (CustomerDynamicsParameters, ("report customer-dynamics", "query save", "query change")),
        (SubscriberMetricsParameters, ("report subscriber-metrics", "query save", "query change")),
        (SeatEvidenceParameters, ("report seat-evidence",)),
    ],
)
def test_each_parameter_is_an_option_of_its_report_and_of_saved_queries(
    model: type[BaseModel], commands: tuple[str, ...]
) -> None:
    for words in commands:
        command: Any = typer.main.get_command(app)
        for word in words.split():
            command = command.commands[word]
        options = {option: each for each in command.params for option in each.opts}
        for name, title in titles(model).items():
            option = options[f"--{title}"]
            assert option.name == name and option.help
            needed = words.startswith("report") and title in ("timezone", "subscriber", "month")
            assert option.required == (needed and model.model_fields[name].is_required())
