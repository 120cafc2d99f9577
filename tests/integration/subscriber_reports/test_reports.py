"""The two grids and the evidence pack: what they show, how it is labelled, and what is refused."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import openpyxl
import psycopg
import pytest

from exports.errors import InvalidParameter, NotReady
from exports.render import find_renderer
from exports.reports.subscriber_metrics import evidence as seat_evidence
from exports.reports.subscriber_metrics import report as subscriber_metrics
from exports.reports.subscriber_metrics.lookups import on_clock
from exports.reports.subscriber_metrics.parameters import (
    METRICS,
    SeatEvidenceParameters,
    SubscriberMetricsParameters,
)
from exports.result import GeneratedBy, StoredResult, new_result_id
from exports.result_store import load, store
from orchestration.cli.app import run
from orchestration.connection_url import as_pipeline
from orchestration.migrate import migrate
from tests.integration.subscriber_reports.conftest import MonthKey, Pipeline, Seen

NOW = datetime(2026, 12, 2, 6, tzinfo=UTC)
CLERK = GeneratedBy("clerk", "administrator")
SHORT = (
    *("Super", "En. staff", "Ac. staff", "En. mgrs", "Ac. mgrs", "En. reps", "Ac. reps", "Conc. max", "When"),
    *("Minutes", "File limit", "Items", "Fields"),
)
LONG = (
    *("Super users", "Enabled staff", "Active staff", "Enabled managers", "Active managers", "Enabled reps"),
    *("Active reps", "Concurrent max", "When", "Logon time", "File limit", "Comm. items", "Process fields"),
)


@pytest.fixture
def warehouse(pipeline: Pipeline) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(pipeline.pipeline_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def seen(pipeline: Pipeline) -> Seen:
    return pipeline.seen[-1]


def metrics(connection: psycopg.Connection[Any], **asked: Any) -> StoredResult:
    return subscriber_metrics.generate(connection, SubscriberMetricsParameters.read(asked), CLERK, NOW)


def evidence(connection: psycopg.Connection[Any], subscriber: int, month: date) -> StoredResult:
    asked = SeatEvidenceParameters.read({"subscriber_id": subscriber, "month": f"{month:%Y-%m}"})
    return seat_evidence.generate(connection, asked, CLERK, NOW)


def rendered(result: StoredResult, format_name: str) -> bytes:
    stream: BinaryIO = io.BytesIO()
    find_renderer(format_name)(result, stream)
    stream.seek(0)
    return stream.read()


def cells(row: dict[str, Any]) -> list[Any]:
    """A mart's row as a grid shows it; a limit that is no whole number keeps its digits as text."""
    values = [row[metric.column] for metric in METRICS]
    return [str(value) if isinstance(value, Decimal) and value % 1 else value for value in values]


def lines_of(pack: StoredResult) -> list[dict[str, Any]]:
    heads = [column.label for column in pack.columns]
    return [dict(zip(heads, row, strict=True)) for row in pack.rows]


def test_all_subscribers_of_the_newest_month_stand_in_order_of_their_names(
    warehouse: psycopg.Connection[Any], seen: Seen
) -> None:
    result = metrics(warehouse)
    assert [column.label for column in result.columns] == ["Subscriber", "ID", *SHORT, "Status"]
    newest = max(month for _, month in seen.marts)
    wanted = [row for (_, month), row in seen.marts.items() if month == newest]
    wanted.sort(
        key=lambda row: (row["subscriber_name"].lower(), row["subscriber_name"], row["subscriber_id"])
    )
    assert [row[1] for row in result.rows] == [str(row["subscriber_id"]) for row in wanted]
    assert [list(row[2:-1]) for row in result.rows] == [cells(row) for row in wanted]
    assert {row[-1] for row in result.rows} == {"live"}
    assert result.parameters["month"] == "Dec 2026"


def test_a_month_says_of_each_row_whether_it_is_closed(
    warehouse: psycopg.Connection[Any], seen: Seen
) -> None:
    result = metrics(warehouse, month="2026-11")
    status = {int(str(row[1])): row[-1] for row in result.rows}
    november = {key: row for key, row in seen.marts.items() if key[1] == date(2026, 11, 1)}
    assert set(status) == {subscriber for subscriber, _ in november}
    assert set(status.values()) == {"closed", "live"}
    assert all((status[key[0]] != "live") == (key in seen.closed) for key in november)
    assert "closed late" in {row[-1] for row in metrics(warehouse, month="2026-09").rows}


def test_one_subscribers_months_come_newest_first_with_the_peak_on_its_own_clock(
    warehouse: psycopg.Connection[Any], seen: Seen
) -> None:
    subscriber, row = next(
        (key[0], row)
        for key, row in seen.marts.items()
        if row["time_zone"] == "Asia/Kathmandu" and row["concurrent_max_at"] and key[1] == date(2026, 11, 1)
    )
    result = metrics(warehouse, subscriber_id=subscriber)
    months = sorted((month for owner, month in seen.marts if owner == subscriber), reverse=True)
    assert [column.label for column in result.columns] == ["Month", *SHORT, "Status"]
    assert [line[0] for line in result.rows] == months
    text = csv.reader(io.StringIO(rendered(result, "csv").decode(), newline=""))
    assert [line[0] for line in text][1:] == [f"{month:%b %Y}" for month in months]
    november = next(line for line in result.rows if line[0] == date(2026, 11, 1))
    assert list(november[1:-1]) == cells(row)
    when = november[1 + SHORT.index("When")]
    assert isinstance(when, datetime)
    assert when.replace(tzinfo=None) == row["concurrent_max_at"].astimezone(
        ZoneInfo("Asia/Kathmandu")
    ).replace(tzinfo=None)


def test_a_subscribers_own_sheet_bears_the_long_labels(
    warehouse: psycopg.Connection[Any], seen: Seen
) -> None:
    subscriber = min(key[0] for key in seen.closed)
    result = metrics(warehouse, subscriber_id=subscriber)
    book = openpyxl.load_workbook(io.BytesIO(rendered(result, "xlsx")))
    assert book.sheetnames == ["Metrics history", "Metrics", "Info"]
    labels = [row[0] for row in book["Metrics"].iter_rows(values_only=True)]
    assert labels[labels.index("Metric") :] == ["Metric", "Month", "Status", *LONG]


def test_every_format_shows_the_same_cells(warehouse: psycopg.Connection[Any]) -> None:
    result = metrics(warehouse, month="2026-10")
    assert load(warehouse, result.result_id) == result
    heads, *lines = csv.reader(io.StringIO(rendered(result, "csv").decode(), newline=""))
    assert heads == [column.label for column in result.columns]
    shown = [["" if cell is None else _text(cell) for cell in row] for row in result.rows]
    assert lines == shown
    text = json.loads(rendered(result, "json"))
    assert [["" if cell is None else str(cell) for cell in row] for row in text["rows"]] == shown
    book = openpyxl.load_workbook(io.BytesIO(rendered(result, "xlsx")))
    sheet = book["Subscriber metrics"]
    rows = list(sheet.iter_rows(min_row=sheet.max_row - len(result.rows) + 1, values_only=True))
    for line, row in zip(rows, result.rows, strict=True):
        shown_in_xlsx = [
            cell.replace(tzinfo=UTC).timestamp() if isinstance(cell, datetime) else cell for cell in line
        ]
        assert shown_in_xlsx == [_unzoned(cell) for cell in row]


def _text(cell: Any) -> str:
    return cell.isoformat() if isinstance(cell, datetime) else str(cell)


def _unzoned(cell: Any) -> Any:
    """A workbook keeps neither zones nor microseconds."""
    if not isinstance(cell, datetime):
        return cell
    return pytest.approx(cell.replace(tzinfo=UTC).timestamp(), abs=0.01)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"month": "2026-13"}, "month '2026-13' is not a month such as 2008-01"),
        ({"month": "1999-01"}, "no metrics for month 1999-01; known: "),
        ({"month": "2027-01"}, "no metrics for month 2027-01; known: "),
        ({"subscriber_id": 4711000}, "unknown subscriber 4711000: "),
        ({"subscriber_id": 1, "month": "2030-01"}, "no metrics for month 2030-01 of subscriber 1; known: "),
    ],
)
def test_what_the_warehouse_does_not_know_is_refused_by_name(
    warehouse: psycopg.Connection[Any], asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message.replace("'", ".")):
        metrics(warehouse, **asked)
    if len(asked) == 2:
        with pytest.raises(InvalidParameter, match=message):
            evidence(warehouse, 1, date(2030, 1, 1))


def test_a_warehouse_without_marts_says_what_to_run(fresh_database: str) -> None:
    migrate(fresh_database)
    with (
        psycopg.connect(as_pipeline(fresh_database), autocommit=True) as connection,
        pytest.raises(NotReady, match="subdyn run nightly"),
    ):
        metrics(connection)


def test_the_packs_lines_sum_to_the_values_above_them(warehouse: psycopg.Connection[Any], seen: Seen) -> None:
    for key in _some_months(seen):
        row = seen.marts[key]
        lines = lines_of(evidence(warehouse, *key))
        for metric in METRICS:
            own = [line for line in lines if line["Item"] == metric.label]
            value, shares = own[0]["Value"], [line["Quantity"] for line in own[1:] if line["Unit"]]
            if metric.column == "concurrent_max":
                assert all(line["From"] <= row["concurrent_max_at"] < line["To"] for line in own[1:])
            if metric.column == "concurrent_max_at":
                assert shares == []
            elif metric.column == "logon_minutes":
                assert sum(float(share) for share in shares) // 60 == value == row[metric.column]
            elif metric.column == "file_limit_mb":
                assert (shares or [None]) == [value]
            else:
                assert sum(shares) == value == row[metric.column], (key, metric.column)


def test_the_pack_of_a_closed_month_bears_its_hash_and_what_came_late(
    warehouse: psycopg.Connection[Any], seen: Seen
) -> None:
    late = next(row for row in seen.restatements if row["metric"] == "logon_minutes")
    key = (late["subscriber_id"], late["month"])
    lines = lines_of(evidence(warehouse, *key))
    values = {line["Item"]: line["Value"] for line in lines if line["Value"] is not None}
    sealed = seen.closed[key]
    assert values["Hash of the closed row"] == sealed["row_hash"]
    for item, column in (("Closed at", "closed_at"), ("Closed as of", "closed_as_of")):
        assert values[item] == on_clock(sealed[column], sealed["time_zone"]).isoformat(sep=" ")
    assert values["Logon time"] == seen.closed[key]["logon_minutes"]
    restated = [line for line in lines if line["Item"] == "Restatement: Logon time"]
    assert restated[0]["Value"] == late["difference"]
    assert f"load {late['load_id']}" in restated[0]["Fact"]


def test_two_results_of_a_closed_month_tell_what_was_restated_between_them(
    pipeline: Pipeline,
    warehouse: psycopg.Connection[Any],
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    after = metrics(warehouse, month="2026-10")
    # as it was told when the platform's data went through the first of the loads
    before = replace(
        after, result_id=new_result_id(), data_through={"platform": pipeline.seen[0].data_through}
    )
    store(warehouse, before)
    monkeypatch.setenv("SUBDYN_HOME", str(tmp_path))
    monkeypatch.setenv("SUBDYN_WAREHOUSE_URL", pipeline.url)
    assert run(["report", "diff", before.result_id, after.result_id, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["equal"] is True
    noticed = [
        row
        for row in seen.restatements
        if row["month"] == date(2026, 10, 1) and row["noticed_at"] > pipeline.seen[0].data_through
    ]
    assert found["causes"]["restatement_count"] == len(noticed) > 0
    text = {
        (one["subscriber_id"], one["metric"], one["value_now"]) for one in found["causes"]["restatements"]
    }
    assert text <= {(row["subscriber_id"], row["metric"], row["value_now"]) for row in noticed}
    assert len(text) == min(len(noticed), 20)


def test_the_pack_of_a_live_month_says_that_it_may_still_change(
    warehouse: psycopg.Connection[Any], seen: Seen
) -> None:
    key = next(key for key in seen.marts if key not in seen.closed)
    values = {line[0]: line[1] for line in evidence(warehouse, *key).rows if line[1] is not None}
    assert values["Status"] == "live: may still change"
    assert "Hash of the closed row" not in values


def _some_months(seen: Seen) -> list[MonthKey]:
    """A score of months, closed and live, the ones with most behind them first."""
    weight = {key: row["logon_minutes"] + 1000 * row["enabled_staff"] for key, row in seen.marts.items()}
    closed = sorted(seen.closed, key=lambda key: -weight[key])
    live = sorted((key for key in seen.marts if key not in seen.closed), key=lambda key: -weight[key])
    return [*closed[:10], *live[:10]]
