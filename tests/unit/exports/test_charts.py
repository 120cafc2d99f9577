"""Charts of stored results: one definition, the same values as PNG, SVG and a workbook's own chart."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from exports.charts.definition import MOST_COLUMNS, TEMPLATES, Chart, ChartType
from exports.charts.drawing import NO_VALUES, PALETTE, Drawing, draw
from exports.charts.vega_lite import render_image, specification
from exports.errors import InvalidParameter
from exports.render import find_renderer
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.result import Cell, Column, Kind, StoredResult
from tests.support.results import a_result

REFILLS = "Balance Refill: Total"
ZONE = "Europe/Kyiv"


def columns(group_by: str = "month", currency: str = "EUR") -> tuple[Column, ...]:
    asked = {"interval": "last-month", "time_zone": ZONE, "currency": currency, "group_by": group_by}
    return CustomerDynamicsParameters.read(asked).columns


def row(asked: Sequence[Column], keys: Sequence[Cell], amount: str | None = "1.0000") -> tuple[Cell, ...]:
    """A row whose amounts are all the same, its counts 7."""
    money = None if amount is None else Decimal(amount)
    return (*keys, *(7 if column.kind is Kind.COUNT else money for column in asked[len(keys) :]))


def result(rows: Sequence[tuple[Sequence[Cell], str | None]], group_by: str = "month") -> StoredResult:
    """A result with those keys and amounts, its Total of 999 last."""
    asked = columns(group_by)
    keys = len(group_by.split(",")) if group_by else 0
    total = [row(asked, ("Total", *([None] * (keys - 1))), "999.0000")] if keys and rows else []
    return a_result(
        (*(row(asked, named, amount) for named, amount in rows), *total),
        None if rows else "No data",
        columns=asked,
        has_total=bool(total),
        parameters={"time_zone": ZONE},
    )


def months(*amounts: str | None) -> StoredResult:
    return result([((date(2026, number, 1),), amount) for number, amount in enumerate(amounts, start=1)])


def drawing(of: StoredResult, **chart: Any) -> Drawing:
    return draw(of, Chart.read(chart))


def svg_texts(of: StoredResult, **chart: Any) -> list[str]:
    root = ElementTree.fromstring(render_image(of, Chart.read(chart), "svg"))  # noqa: S314 - it is our own
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


@pytest.mark.parametrize("template", [name for name in TEMPLATES if name != "Blank"])
def test_a_template_shows_its_column_by_period_without_the_total(template: str) -> None:
    drawn = drawing(months("1.5000", "-2.0000", "0.0000"), template=template.upper())
    (panel,) = drawn.panels
    (series,) = panel.series
    assert drawn.title == template and drawn.type is ChartType.LINE
    assert drawn.places == ("2026-01", "2026-02", "2026-03")
    is_count = template.endswith("Qty")
    assert series.values == ((7, 7, 7) if is_count else (Decimal("1.5"), Decimal("-2"), Decimal("0")))
    assert panel.unit == ("Qty" if is_count else "EUR")


def test_a_picture_names_title_interval_zone_unit_and_legend() -> None:
    chart = {"columns": [REFILLS, "Pay as you Go: Total"], "title": "Geld <b>&amp;"}
    texts = svg_texts(months("1.0000", "2.0000"), **chart)
    assert "Geld <b>&amp;" in texts
    assert f"2026-01-01 .. 2026-01-01, {ZONE}" in texts
    assert f"Month, {ZONE}" in texts and "EUR" in texts
    assert REFILLS in texts and "Pay as you Go: Total" in texts
    assert "2026-01" in texts and "2026-02" in texts and "Total" not in texts


def test_a_png_is_one_and_twice_as_fine_as_it_is_wide() -> None:
    png = render_image(months("1.0000"), Chart.read({"template": REFILLS}), "png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(png[16:20], "big") > 1500


def test_columns_of_two_units_stand_in_two_panels() -> None:
    drawn = drawing(months("1.0000"), columns=["Clients - All: Qty", REFILLS, "Clients - Active: Qty"])
    assert [(panel.unit, [one.name for one in panel.series]) for panel in drawn.panels] == [
        ("Number", ["Clients - All: Qty", "Clients - Active: Qty"]),
        ("EUR", [REFILLS]),
    ]


def test_packages_over_time_are_series_and_what_a_report_leaves_out_is_zero() -> None:
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    keys = [((january, "Gold"), "5.0000"), ((january, None), "1.0000"), ((february, "Gold"), "6.0000")]
    drawn = drawing(result(keys, "month,package"), template="Packages: Renew Total")
    assert drawn.series_title == "Package Name"
    assert [(one.name, one.values) for one in drawn.panels[0].series] == [
        ("Gold", (Decimal(5), Decimal(6))),
        ("(none)", (Decimal(1), 0)),
    ]


def test_packages_alone_are_bars_and_two_of_one_name_stay_two() -> None:
    drawn = drawing(
        result([(("Gold",), "1.0000"), (("Gold",), "2.0000"), ((None,), "3.0000")], "package"),
        template="Packages: Renew Total",
    )
    assert drawn.type is ChartType.BAR
    assert drawn.places == ("Gold", "Gold (2)", "(none)")
    assert drawn.panels[0].series[0].values == (1, 2, 3)


def test_more_series_than_eyes_distinguish_are_the_largest_and_say_so() -> None:
    names = [f"Package {number:03}" for number in range(60)]
    by_name = result([((name,), f"{number}.0000") for number, name in enumerate(names)], "package")
    drawn = drawing(by_name, template="Packages: Renew Total")
    assert drawn.places == tuple(names[20:]) and "the 40 largest of 60" in drawn.subtitle
    by_both = result(
        [((date(2026, 1, 1), name), f"{number}.0000") for number, name in enumerate(names)], "month,package"
    )
    drawn = drawing(by_both, template="Packages: Renew Total")
    assert [one.name for one in drawn.panels[0].series] == names[-8:]
    assert "the 8 largest of 60" in drawn.subtitle


def test_a_long_series_writes_regular_days_only() -> None:
    days = [date(2024, 1, 1) + timedelta(number) for number in range(731)]
    drawn = drawing(result([((day,), "1.0000") for day in days], "date"), template=REFILLS)
    assert len(drawn.places) == 731
    assert drawn.ticks == tuple(f"{y}-{m:02}-01" for y in (2024, 2025) for m in (1, 4, 7, 10))
    drawn = drawing(result([((day,), "1.0000") for day in days[:40]], "date"), template=REFILLS)
    assert drawn.ticks == ("2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05")
    texts = svg_texts(result([((day,), "1.0000") for day in days], "date"), template=REFILLS)
    assert [text for text in texts if re.fullmatch(r"\d{4}-\d\d-\d\d", text)] == [
        f"{year}-{month:02}-01" for year in (2024, 2025) for month in (1, 4, 7, 10)
    ]


@pytest.mark.parametrize("chart_type", list(ChartType))
@pytest.mark.parametrize("amounts", [(), (None, None), ("5.0000",), ("-1.0000", None, "2.0000")])
def test_every_type_draws_no_value_one_value_negative_and_missing_ones(
    chart_type: ChartType, amounts: tuple[str | None, ...]
) -> None:
    texts = svg_texts(months(*amounts), template=REFILLS, type=chart_type)
    assert (NO_VALUES in texts) == (not any(amounts))
    assert REFILLS in texts


def test_a_value_that_stands_alone_has_a_dot() -> None:
    days = [date(2024, 1, 1) + timedelta(number) for number in range(100)]
    amounts = ["1.0000" if number == 50 else None for number in range(100)]
    alone = result([((day,), amount) for day, amount in zip(days, amounts, strict=True)], "date")
    svg = render_image(alone, Chart.read({"template": REFILLS}), "svg").decode()
    assert "mark-symbol role-mark" in svg
    full = result([((day,), "1.0000") for day in days], "date")
    assert (
        "mark-symbol role-mark" not in render_image(full, Chart.read({"template": REFILLS}), "svg").decode()
    )


def test_a_series_without_values_is_marked_in_the_legend() -> None:
    asked = columns()
    rows = tuple(
        tuple(
            None if column.label == "Balance Refill: Avg" else cell
            for column, cell in zip(asked, found, strict=True)
        )
        for found in (row(asked, (date(2026, 1, 1),)), row(asked, ("Total",)))
    )
    of = a_result(rows, columns=asked, parameters={"time_zone": ZONE})
    assert f"Balance Refill: Avg ({NO_VALUES})" in svg_texts(of, columns=[REFILLS, "Balance Refill: Avg"])


def test_colours_are_those_that_everybody_distinguishes() -> None:
    chart = Chart.read({"columns": [REFILLS, "Pay as you Go: Total"]})
    svg = render_image(months("1.0000", "2.0000"), chart, "svg").decode()
    assert PALETTE[0] in svg and PALETTE[1] in svg
    assert len(set(PALETTE)) == 8


def test_nothing_is_fetched_and_no_text_is_more_than_text() -> None:
    name = '</text><script>alert(1)</script><image href="http://example.org/x.png"/>\x00\x1b[31m'
    of = result([((name,), "1.0000")], "package")
    chart = Chart.read({"template": "Packages: Renew Total", "title": "{{ 7*7 }} ${datum.place}"})
    root = ElementTree.fromstring(render_image(of, chart, "svg"))  # noqa: S314 - it is our own
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "image", "a", "foreignObject", "style"}
    assert not [key for element in root.iter() for key in element.attrib if "href" in key or key == "style"]
    assert '"url"' not in json.dumps(specification(draw(of, chart)))


DRAW_TITLES = """
import sys
from tests.unit.exports.test_charts import months
from exports.charts.definition import Chart
from exports.charts.vega_lite import render_image
charts = [Chart.read({"template": "Balance Refill: Total", "title": title}) for title in sys.argv[1:]]
pictures = {render_image(months("1.0000"), chart, "png") for chart in charts}
print(len(pictures))
"""


def test_letters_of_every_script_are_drawn_on_a_machine_without_fonts(tmp_path: Path) -> None:
    no_fonts = tmp_path / "fonts.conf"
    no_fonts.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        "<fontconfig><dir>/nowhere</dir></fontconfig>"
    )
    # a letter that is not there is an empty box: two titles of as many boxes would be the same picture
    titles = ("黄黄", "金金", "골골", "드드", "Gold 100 الإيرادات", "Gold 100 الإيرتراد")
    message = subprocess.run(
        [sys.executable, "-c", DRAW_TITLES, *titles],
        cwd=Path(__file__).parents[3], env={"FONTCONFIG_FILE": str(no_fonts), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert message.stdout.strip() == str(len(titles)), message.stderr


@pytest.mark.parametrize("chart_type", list(ChartType))
def test_a_workbook_has_its_own_chart_over_the_same_values(chart_type: ChartType) -> None:
    chart = Chart.read(
        {"columns": ["Clients - All: Qty", REFILLS, "Pay as you Go: Total"], "type": chart_type}
    )
    of = months("1.5000", None, "-2.0000")
    stream = io.BytesIO()
    find_renderer("xlsx")(of, stream, chart)
    book = openpyxl.load_workbook(stream)
    assert book.sheetnames == ["Customer Dynamics", "Chart", "Info"]
    sheet: Any = book["Chart"]
    drawn = draw(of, chart)
    native = list(sheet._charts)
    assert [len(one.series) for one in native] == [1, 2]
    kinds = {ChartType.LINE: "lineChart", ChartType.AREA: "areaChart"}
    assert {one.tagname for one in native} == {kinds.get(chart_type, "barChart")}
    series = [one for chart_ in native for one in chart_.series]
    expected = [one for panel in drawn.panels for one in panel.series]
    for found, drawn_series in zip(series, expected, strict=True):
        assert values_at(sheet, found.tx.strRef.f) == [drawn_series.name]
        numbers = [None if value is None else float(value) for value in drawn_series.values]
        assert values_at(sheet, found.val.numRef.f) == numbers
        assert values_at(sheet, found.cat.numRef.f) == list(drawn.places)
    # as it is in the file: openpyxl does not read it again of areas
    assert b">EUR</a:t>" in zipfile.ZipFile(stream).read("xl/charts/chart2.xml")


def values_at(sheet: Any, reference: str) -> list[Any]:
    found = sheet[reference.rpartition("!")[2].replace("$", "")]
    return [cell.value for (cell,) in found] if isinstance(found, tuple) else [found.value]


def test_a_chart_without_values_says_so_in_a_workbook_too() -> None:
    stream = io.BytesIO()
    find_renderer("xlsx")(months(), stream, Chart.read({"template": REFILLS}))
    sheet: Any = openpyxl.load_workbook(stream)["Chart"]
    assert not sheet._charts
    assert sheet["A4"].value == f"EUR: {NO_VALUES}"


def test_a_page_holds_the_chart_as_svg() -> None:
    stream = io.BytesIO()
    find_renderer("html")(months("1.0000"), stream, Chart.read({"template": REFILLS}))
    page = stream.getvalue().decode()
    assert page.count("<svg ") == 1 and page.index("<svg ") < page.index("<table")


def test_a_definition_is_written_and_read_again() -> None:
    for asked in ({"template": REFILLS}, {"columns": ["A", "B"], "type": "Stacked Column", "title": "T"}):
        chart = Chart.read(asked)
        assert Chart.read(chart.as_json()) == chart


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"template": "Balance Refil"}, "unknown chart 'Balance Refil': did you mean Balance Refill: Total?"),
        ({}, "the Blank chart shows the columns that you name"),
        ({"template": "Blank Chart"}, "the Blank chart shows the columns that you name"),
        ({"template": REFILLS, "columns": ["x"]}, "has its own column; for others use the chart Blank"),
        ({"columns": ["x"], "type": "pie"}, "chart type 'pie' is not one of line, column, stacked-"),
        ({"columns": [f"c{number}" for number in range(MOST_COLUMNS + 1)]}, "at most 8 columns"),
        ({"columns": ["x"], "colour": "red"}, "chart: unknown 'colour'"),
        ({"columns": 5}, "chart columns 5"),
        ({"columns": ["x"], "title": ""}, "chart title ''"),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=re.escape(message)):
        Chart.read(asked)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("Balance Refill: Totl", "no column 'Balance Refill: Totl' in this report: did you mean Bal"),
        ("Month", "column 'Month' holds no numbers to draw"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_or_no_number_is_refused(label: str, message: str) -> None:
    for image_format in ("png", "svg"):
        with pytest.raises(InvalidParameter, match=re.escape(message)):
            render_image(months("1.0000"), Chart.read({"columns": [label]}), image_format)
    for format_name in ("xlsx", "html"):
        with pytest.raises(InvalidParameter, match=re.escape(message)):
            find_renderer(format_name)(months("1.0000"), io.BytesIO(), Chart.read({"columns": [label]}))


def test_a_picture_without_a_chart_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="format png is a picture of a chart: name one with --chart"):
        find_renderer("png")(months("1.0000"), io.BytesIO())
