"""A drawing as a Vega-Lite specification."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import Any

import altair as alt

from exports.charts.definition import ChartType
from exports.charts.drawing import MOST_DOTS, NO_VALUES, PALETTE, Drawing, Panel

# Comes with the renderer; Arial is as wide, where the picture is shown by a browser.
FONT = "Liberation Sans, Arial, sans-serif"
WIDTH, HEIGHT = 760, 300
BAR_HEIGHT, LONGEST_BARS = 20, 900
TITLE_CHARACTERS = 84
LABEL_WIDTH, LEGEND_WIDTH = 220, 330
LEGEND_CHARACTERS = 100
# Up to so many, lines are strong.
MOST_STRONG = 200
# So few columns would be as wide as the picture.
FEW_COLUMNS = 4
INK, MUTED, LINE = "#1A1A1A", "#595959", "#D9D9D9"
# The axis of names has its title where no name, however long, can touch it.
ABOVE_ITS_LABELS = {
    "titleAngle": 0,
    "titleAlign": "right",
    "titleAnchor": "start",
    "titleX": -8,
    "titleY": -8,
}
STACKED = (ChartType.STACKED_COLUMN, ChartType.AREA)


def specification(drawing: Drawing) -> dict[str, Any]:
    """The chart with its data, a panel below the other; refers to nothing outside."""
    panels = [_panel(drawing, panel) for panel in drawing.panels]
    whole = panels[0] if len(panels) == 1 else alt.vconcat(*panels).resolve_scale(color="independent")
    titled = whole.properties(
        background="white",
        padding=12,
        title=alt.TitleParams(text=_lines(drawing.title), subtitle=_lines(drawing.subtitle)),
    )
    return _configured(titled).to_dict(validate=False)


def _panel(drawing: Drawing, panel: Panel) -> Any:
    if panel.is_empty:
        note = alt.Chart(alt.InlineData(values=[{"note": NO_VALUES}]))
        return (
            note.mark_text(fontSize=16, color=MUTED)
            .encode(text="note:N")
            .properties(width=WIDTH, height=HEIGHT)
        )
    data = alt.InlineData(values=_values(drawing, panel))
    is_bar = drawing.type is ChartType.BAR
    marks = _mark(drawing, panel, alt.Chart(data)).encode(**_encoding(drawing, panel))
    layers = [marks]
    if any(value is not None and value < 0 for series in panel.series for value in series.values):
        zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=INK)
        layers.append(zero.encode(x=alt.datum(0)) if is_bar else zero.encode(y=alt.datum(0)))
    bars = len(drawing.places) * len(panel.series) * BAR_HEIGHT
    height = min(max(bars, 3 * BAR_HEIGHT), LONGEST_BARS) if is_bar else HEIGHT
    return alt.layer(*layers).properties(width=WIDTH, height=height)


def _values(drawing: Drawing, panel: Panel) -> list[dict[str, Any]]:
    return [
        {"place": place, "series": name, "order": number, "value": None if value is None else float(value)}
        for number, (series, name) in enumerate(zip(panel.series, _names(panel), strict=True))
        for place, value in zip(drawing.places, series.values, strict=True)
    ]


def _names(panel: Panel) -> list[str]:
    return [f"{series.name} ({NO_VALUES})" if series.is_empty else series.name for series in panel.series]


def _mark(drawing: Drawing, panel: Panel, chart: Any) -> Any:
    dots = {"filled": True, "size": 45} if _has_dots(drawing, panel) else False
    match drawing.type:
        case ChartType.LINE:
            return chart.mark_line(point=dots, strokeWidth=2 if len(drawing.places) <= MOST_STRONG else 1)
        case ChartType.AREA:
            return chart.mark_area(point=dots, line=True, opacity=0.55)
        case _:
            return chart.mark_bar()


def _has_dots(drawing: Drawing, panel: Panel) -> bool:
    """Whether a value could not be seen without: one that stands alone has no line to it."""
    if len(drawing.places) <= MOST_DOTS:
        return True
    for series in panel.series:
        around = (None, *(series.values), None)
        for before, value, after in zip(around, around[1:], around[2:], strict=False):
            if value is not None and before is None and after is None:
                return True
    return False


def _encoding(drawing: Drawing, panel: Panel) -> dict[str, Any]:
    names = _names(panel)
    is_bar = drawing.type is ChartType.BAR
    angled = not is_bar and drawing.ticks == drawing.places and _is_crowded(drawing)
    place = {
        "field": "place",
        "type": "ordinal",
        "sort": list(drawing.places),
        "title": drawing.place_title or None,
        **({"scale": alt.Scale(paddingInner=0.6, paddingOuter=0.6)} if _has_few_columns(drawing) else {}),
        "axis": alt.Axis(
            values=list(drawing.ticks),
            labelAngle=-40 if angled else 0,
            labelLimit=LABEL_WIDTH,
            labelOverlap="greedy" if not angled else False,
            grid=False,
            **(ABOVE_ITS_LABELS if is_bar else {}),
        ),
    }
    number = {
        "field": "value",
        "type": "quantitative",
        "title": panel.unit,
        "stack": "zero" if drawing.type in STACKED else None,
        "scale": alt.Scale(zero=drawing.type is not ChartType.LINE or _is_flat(panel), nice=True),
        "axis": alt.Axis(format=_number_format(panel), tickMinStep=10.0**-panel.decimals),
    }
    encoding: dict[str, Any] = {
        "x": alt.X(**number) if is_bar else alt.X(**place),
        "y": alt.Y(**place) if is_bar else alt.Y(**number),
        "color": alt.Color(
            "series:N",
            sort=names,
            scale=alt.Scale(domain=names, range=list(PALETTE[: len(names)])),
            legend=_legend(drawing, names) if len(names) > 1 else None,
        ),
    }
    if drawing.type in STACKED:
        encoding["order"] = alt.Order("order:Q")
    elif len(names) > 1 and drawing.type is ChartType.COLUMN:
        encoding["xOffset"] = alt.XOffset("series:N", sort=names)
    elif len(names) > 1 and is_bar:
        encoding["yOffset"] = alt.YOffset("series:N", sort=names)
    return encoding


def _legend(drawing: Drawing, names: list[str]) -> Any:
    longest = max(_width(name) for name in names)
    return alt.Legend(
        orient="bottom",
        title=drawing.series_title or None,
        columns=max(1, min(len(names), LEGEND_CHARACTERS // (longest + 4))),
        labelLimit=LEGEND_WIDTH if longest < LEGEND_CHARACTERS // 2 else WIDTH - 40,
        symbolType="square" if drawing.type is not ChartType.LINE else "circle",
        symbolOpacity=1,
    )


def _is_flat(panel: Panel) -> bool:
    return len({value for series in panel.series for value in series.values if value is not None}) == 1


def _has_few_columns(drawing: Drawing) -> bool:
    return drawing.type in (ChartType.COLUMN, ChartType.STACKED_COLUMN) and len(drawing.places) <= FEW_COLUMNS


def _is_crowded(drawing: Drawing) -> bool:
    """Whether the labels would touch each other side by side."""
    room = TITLE_CHARACTERS * 1.4 / max(1, len(drawing.places))
    return any(_width(place) + 1 > room for place in drawing.places)


def _number_format(panel: Panel) -> str:
    return f",.{panel.decimals}~f" if panel.decimals else ",d"


def _lines(text: str) -> list[str]:
    """The text in lines that fit the picture."""
    wide = _width(text) > len(text) * 1.5
    return textwrap.wrap(text, TITLE_CHARACTERS // 2 if wide else TITLE_CHARACTERS)


def _width(text: str) -> int:
    """Its length in letters of the usual width; those of Chinese, Japanese and Korean take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _configured(chart: Any) -> Any:
    return (
        chart.configure(font=FONT)
        .configure_view(stroke=None)
        .configure_title(
            anchor="start", fontSize=17, color=INK, subtitleColor=MUTED, subtitleFontSize=12, offset=14
        )
        .configure_axis(
            labelColor=INK,
            labelFontSize=12,
            titleColor=INK,
            titleFontSize=12,
            titlePadding=10,
            gridColor=LINE,
            domainColor=MUTED,
            tickColor=MUTED,
        )
        .configure_legend(labelColor=INK, labelFontSize=12, titleColor=INK, titleFontSize=12, offset=10)
    )
