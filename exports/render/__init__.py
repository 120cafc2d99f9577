"""Stored results as files: one module per format, all showing the same cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from exports.errors import InvalidParameter
from exports.render import csv, json, xlsx
from exports.result import StoredResult

Renderer = Callable[[StoredResult, BinaryIO], None]

RENDERERS: dict[str, Renderer] = {"csv": csv.render, "json": json.render, "xlsx": xlsx.render}
NOT_YET = {"web": "report pages", "xls": "Excel 97 files"}


def find_renderer(format_name: str) -> Renderer:
    """The function that writes that format; raises InvalidParameter naming the formats there are."""
    allowed = ", ".join(RENDERERS)
    if format_name in NOT_YET:
        raise InvalidParameter(
            "format", f"format {format_name}: {NOT_YET[format_name]} are not available yet; use {allowed}"
        )
    if format_name not in RENDERERS:
        raise InvalidParameter("format", f"unknown format {format_name!r}; use {allowed}")
    return RENDERERS[format_name]
