"""Charts as pictures, drawn by Vega in this process: no browser, nothing fetched."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import as_file, files
from typing import Literal, get_args

import vl_convert
from arabic_reshaper import ArabicReshaper

from exports.charts.definition import Chart
from exports.charts.drawing import draw
from exports.charts.vega_lite import specification
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


@cache
def _register_fonts() -> None:
    for package, folder in FONT_PACKAGES:
        with as_file(files(package).joinpath(folder)) as path:
            vl_convert.register_font_directory(str(path))
