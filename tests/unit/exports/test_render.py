"""Files show the stored result cell for cell, and no spreadsheet runs what a source wrote."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest

from exports.errors import InvalidParameter
from exports.render import FORMATS, find_renderer
from exports.result import Column, Kind, StoredResult
from tests.support.results import COLUMNS, a_result

HEADS = [column.label for column in COLUMNS]


def rendered(format_name: str, result: StoredResult) -> bytes:
    stream = io.BytesIO()
    find_renderer(format_name)(result, stream)
    return stream.getvalue()


def test_csv_is_utf_8_with_commas_line_ends_and_unquoted_numbers_of_the_standard():
    lines = rendered("csv", a_result()).decode().split("\r\n")
    assert lines[0] == "Date,Package Name,Clients - All: Qty,Balance Refill: Total,Balance Refill: Avg"
    assert lines[2] == '2026-01-01,"Gold, ""best""",1,-0.5000,0.1250'
    assert lines[3] == "2026-01-01,,0,0.0000,"
    assert lines[4] == "Total,,2,1234.0000,1234.0000"
    assert lines[5:] == [""]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_csv_makes_text_safe_that_a_spreadsheet_would_run(text: str):
    row = (None, text, 1, Decimal("-1.0000"), None)
    (_, read) = csv.reader(io.StringIO(rendered("csv", a_result((row,))).decode(), newline=""))
    assert read == ["", f"'{text}", "1", "-1.0000", ""]


def test_csv_leaves_negative_numbers_as_numbers():
    assert b",-0.5000," in rendered("csv", a_result())


def test_csv_and_json_write_months_as_people_know_them():
    columns = (Column("Month", Kind.MONTH), Column("Since", Kind.NAMED_MONTH))
    result = a_result(((date(2026, 1, 1), date(2008, 12, 1)), ("Total", None)), columns=columns)
    assert rendered("csv", result).decode().splitlines() == ["Month,Since", "2026-01,Dec 2008", "Total,"]
    assert json.loads(rendered("json", result))["rows"] == [["2026-01", "Dec 2008"], ["Total", None]]


def test_an_empty_result_is_a_csv_with_heads_and_a_message():
    lines = rendered("csv", a_result((), "No data from 2026-01-01 to 2026-01-01")).decode().splitlines()
    assert lines == [",".join(HEADS), "No data from 2026-01-01 to 2026-01-01"]


def test_rendering_leaves_the_stream_open():
    for format_name in FORMATS:
        stream = io.BytesIO()
        find_renderer(format_name)(a_result(), stream)
        assert not stream.closed


def test_json_is_the_stored_result_with_exact_amounts():
    document = json.loads(rendered("json", a_result()))
    assert document["columns"][3] == {
        "label": "Balance Refill: Total",
        "kind": "money",
        "group": "Balance Refill",
        "currency": "USD",
    }
    assert document["rows"][1] == ["2026-01-01", 'Gold, "best"', 1, "-0.5000", "0.1250"]
    assert document["generated_by"] == {"name": "ann", "role": "analyst", "company_id": 3}
    assert document["data_through"] == {"billing": "2026-02-01T00:00:00+00:00"}
    assert document["asked_interval"]["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize("format_name", ["web", "pdf", "XLS"])
def test_a_format_there_is_not_is_refused_naming_those_there_are(format_name: str):
    with pytest.raises(
        InvalidParameter, match=f"{format_name}.*use csv, xlsx, xls, html, json, parquet, png, svg"
    ):
        find_renderer(format_name)
