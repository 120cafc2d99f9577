"""JSON: the stored result itself; money and ratios are strings, so that no reader rounds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from exports.result import StoredResult
from exports.result_json import as_json

if TYPE_CHECKING:
    from exports.charts.definition import Chart


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write the result as one UTF-8 JSON object and a line end. The stream stays open."""
    del chart
    stream.write(json.dumps(as_json(result), ensure_ascii=False, indent=2).encode())
    stream.write(b"\n")
