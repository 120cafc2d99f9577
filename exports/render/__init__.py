"""Stored results as files: one module per format, all showing the same cells."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from exports.errors import InvalidParameter
from exports.result import StoredResult

Renderer = Callable[[StoredResult, BinaryIO], None]

# Each is the module of that name here, imported when it is needed: workbooks take their time.
FORMATS = ("csv", "json", "xlsx")
NOT_YET = {"web": "report pages", "xls": "Excel 97 files"}


def check_format(format_name: str) -> str:
    """The name; raises InvalidParameter naming the formats there are."""
    allowed = ", ".join(FORMATS)
    if format_name in NOT_YET:
        raise InvalidParameter(
            "format", f"format {format_name}: {NOT_YET[format_name]} are not available yet; use {allowed}"
        )
    if format_name not in FORMATS:
        raise InvalidParameter("format", f"unknown format {format_name!r}; use {allowed}")
    return format_name


def find_renderer(format_name: str) -> Renderer:
    """The function that writes that format; raises InvalidParameter naming the formats there are."""
    return import_module(f"{__name__}.{check_format(format_name)}").render
