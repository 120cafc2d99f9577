"""Stored results as files: one module per format, all showing the same cells."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Protocol

from exports.errors import InvalidParameter
from exports.result import StoredResult

if TYPE_CHECKING:
    from exports.charts.definition import Chart


class Renderer(Protocol):
    """Writes a result to a stream and leaves that open; a chart is shown by the formats that can."""

    def __call__(self, result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
        """Write the whole file."""
        ...


# Each is the module of that name here, imported when it is needed: workbooks take their time.
FORMATS = ("csv", "xlsx", "xls", "html", "json", "parquet")
# Of a chart alone.
PICTURES = ("png", "svg")
WITH_CHART = ("xlsx", "html", *PICTURES)
BINARY = ("xlsx", "xls", "parquet", "png")
NOT_YET = {"web": "report pages"}


def check_format(format_name: str) -> str:
    """The name; raises InvalidParameter naming the formats there are."""
    allowed = ", ".join((*FORMATS, *PICTURES))
    if format_name in NOT_YET:
        raise InvalidParameter(
            "format", f"format {format_name}: {NOT_YET[format_name]} are not available yet; use {allowed}"
        )
    if format_name not in (*FORMATS, *PICTURES):
        raise InvalidParameter("format", f"unknown format {format_name!r}; use {allowed}")
    return format_name


def find_renderer(format_name: str) -> Renderer:
    """The function that writes that format; raises InvalidParameter naming the formats there are."""
    if check_format(format_name) in PICTURES:
        return partial(import_module(f"{__name__}.picture").render, image_format=format_name)
    return import_module(f"{__name__}.{format_name}").render
