"""A chart as a Vega-Lite specification, and as a picture that Vega draws of it here: nothing is fetched."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from functools import cache, partial
from importlib.resources import as_file, files
from typing import Any, Literal, get_args

import altair as alt
import vl_convert
from arabic_reshaper import ArabicReshaper  # pyright: ignore[reportMissingTypeStubs]

from exports.charts.definition import Chart, ChartType
from exports.charts.drawing import MOST_DOTS, NO_VALUES, PALETTE, Drawing, Panel, draw
from exports.errors import InvalidParameter, listed
from exports.result import StoredResult

ImageFormat = Literal["png", "svg"]
IMAGE_FORMATS: tuple[str, ...] = get_args(ImageFormat)
VEGA_LITE = "6.4"
# Twice as many dots as the picture is wide in points: sharp on paper and on fine screens.
SCALE = 2.0
# Scripts that the renderer's own font lacks, where the machine has no font for them either.
FONT_PACKAGES = (("fontpkg_almarai", "files"), ("manimgx_fonts_cjk", ""))
TEXT = re.compile(r">([^<>]+)<")
# Joins Arabic letters before they are drawn: the renderer finds no letters where a text of several fonts has
# fewer of them than characters.
ARABIC = ArabicReshaper({"use_unshaped_instead_of_isolated": True, "delete_harakat": False})
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
LOOK = alt.Config(
    font=FONT,
    view=alt.ViewConfig(stroke=None),
    title=alt.TitleConfig(
        anchor="start", fontSize=17, color=INK, subtitleColor=MUTED, subtitleFontSize=12, offset=14
    ),
    axis=alt.AxisConfig(
        labelColor=INK,
        labelFontSize=12,
        titleColor=INK,
        titleFontSize=12,
        titlePadding=10,
        gridColor=LINE,
        domainColor=MUTED,
        tickColor=MUTED,
    ),
    legend=alt.LegendConfig(labelColor=INK, labelFontSize=12, titleColor=INK, titleFontSize=12, offset=10),
)


def render_image(
    result: StoredResult, chart: Chart, image_format: ImageFormat, scale: float = SCALE
) -> bytes:
    """The chart of the result as a PNG, `scale` dots to a point, or an SVG.

    Raises InvalidParameter for a column that is not there.
    """
    if image_format not in IMAGE_FORMATS:
        raise InvalidParameter("format", f"a chart is no {image_format}; {listed(IMAGE_FORMATS)}")
    drawn = specification(draw(result, chart))
    _register_fonts()
    svg = vl_convert.vegalite_to_svg(drawn, vl_version=VEGA_LITE, allowed_base_urls=[])
    if image_format == "svg":
        return svg.encode()
    joined = TEXT.sub(lambda text: f">{ARABIC.reshape(text[1])}<", svg)
    return vl_convert.svg_to_png(joined, scale=scale)


def specification(drawing: Drawing) -> dict[str, Any]:
    """The chart with its data, a panel below the other; refers to nothing outside."""
    panels = [_panel(drawing, panel) for panel in drawing.panels]
    own_colors = alt.Resolve(scale=alt.ScaleResolveMap(color="independent"))
    whole = panels[0] if len(panels) == 1 else alt.vconcat(*panels, resolve=own_colors)
    whole = whole.properties(
        background="white",
        padding=12,
        title=alt.TitleParams(text=_lines(drawing.title), subtitle=_lines(drawing.subtitle)),
        config=LOOK,
    )
    return whole.to_dict(validate=False)


def _panel(drawing: Drawing, panel: Panel) -> alt.Chart | alt.LayerChart:
    if panel.is_empty:
        note = alt.Chart(alt.InlineData(values=[{"note": NO_VALUES}]))
        return (
            note.mark_text(fontSize=16, color=MUTED)
            .encode(text="note:N")
            .properties(width=WIDTH, height=HEIGHT)
        )
    data = alt.InlineData(values=_values(drawing, panel))
    is_bar = drawing.type is ChartType.BAR
    marks = _mark(drawing, panel, alt.Chart(data)).encode(*_channels(drawing, panel))
    layers = [marks]
    if any(value is not None and value < 0 for series in panel.series for value in series.values):
        zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=INK)
        layers.append(zero.encode(x=alt.datum(0)) if is_bar else zero.encode(y=alt.datum(0)))
    bars = len(drawing.places) * len(panel.series) * BAR_HEIGHT
    height = min(max(bars, 3 * BAR_HEIGHT), LONGEST_BARS) if is_bar else HEIGHT
    return alt.LayerChart(layer=layers).properties(width=WIDTH, height=height)


def _values(drawing: Drawing, panel: Panel) -> list[dict[str, Any]]:
    return [
        {"place": place, "series": name, "order": number, "value": None if value is None else float(value)}
        for number, (series, name) in enumerate(zip(panel.series, _names(panel), strict=True))
        for place, value in zip(drawing.places, series.values, strict=True)
    ]


def _names(panel: Panel) -> list[str]:
    return [f"{series.name} ({NO_VALUES})" if series.is_empty else series.name for series in panel.series]


def _mark(drawing: Drawing, panel: Panel, chart: alt.Chart) -> alt.Chart:
    dots = alt.OverlayMarkDef(filled=True, size=45) if _has_dots(drawing, panel) else False
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


def _channels(drawing: Drawing, panel: Panel) -> list[alt.SchemaBase]:
    names = _names(panel)
    is_bar = drawing.type is ChartType.BAR
    channels: list[alt.SchemaBase] = [
        _number(alt.X, drawing, panel) if is_bar else _place(alt.X, drawing),
        _place(alt.Y, drawing) if is_bar else _number(alt.Y, drawing, panel),
        alt.Color(
            "series:N",
            sort=names,
            scale=alt.Scale(domain=names, range=list(PALETTE[: len(names)])),
            legend=_legend(drawing, names) if len(names) > 1 else None,
        ),
    ]
    if drawing.type.is_stacked:
        channels.append(alt.Order("order:Q"))
    elif len(names) > 1 and drawing.type is ChartType.COLUMN:
        channels.append(alt.XOffset("series:N", sort=names))
    elif len(names) > 1 and is_bar:
        channels.append(alt.YOffset("series:N", sort=names))
    return channels


def _place(channel: type[alt.X | alt.Y], drawing: Drawing) -> alt.X | alt.Y:
    """The axis of times or names."""
    is_bar = drawing.type is ChartType.BAR
    angled = not is_bar and drawing.ticks == drawing.places and _is_crowded(drawing)
    axis = partial(
        alt.Axis,
        values=list(drawing.ticks),
        labelAngle=-40 if angled else 0,
        labelLimit=LABEL_WIDTH,
        labelOverlap=False if angled else "greedy",
        grid=False,
    )
    # beside bars the title stands where no name, however long, can touch it
    above = partial(axis, titleAngle=0, titleAlign="right", titleAnchor="start", titleX=-8, titleY=-8)
    return channel(
        field="place",
        type="ordinal",
        sort=list(drawing.places),
        title=drawing.place_title or None,
        scale=alt.Scale(paddingInner=0.6, paddingOuter=0.6) if _has_few_columns(drawing) else alt.Undefined,
        axis=above() if is_bar else axis(),
    )


def _number(channel: type[alt.X | alt.Y], drawing: Drawing, panel: Panel) -> alt.X | alt.Y:
    """The axis of values."""
    return channel(
        field="value",
        type="quantitative",
        title=panel.unit,
        stack="zero" if drawing.type.is_stacked else None,
        scale=alt.Scale(zero=drawing.type is not ChartType.LINE or _is_flat(panel), nice=True),
        axis=alt.Axis(format=_number_format(panel), tickMinStep=10.0**-panel.decimals),
    )


def _legend(drawing: Drawing, names: list[str]) -> alt.Legend:
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


@cache
def _register_fonts() -> None:
    for package, folder in FONT_PACKAGES:
        with as_file(files(package).joinpath(folder)) as path:
            vl_convert.register_font_directory(str(path))
