"""PNG and SVG: the chart of a result, alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from exports.charts.vega_lite import ImageFormat, render_image
from exports.errors import InvalidParameter
from exports.result import StoredResult

if TYPE_CHECKING:
    from exports.charts.definition import Chart


def render(
    result: StoredResult, stream: BinaryIO, chart: Chart | None = None, *, image_format: ImageFormat
) -> None:
    """Write the picture. The stream stays open. Raises InvalidParameter without a chart."""
    if chart is None:
        raise InvalidParameter(
            "chart", f"format {image_format} is a picture of a chart: name one with --chart"
        )
    stream.write(render_image(result, chart, image_format))
