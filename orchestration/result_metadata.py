"""A stored result as Dagster's UI shows it: what it is, its first rows and its chart."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import dagster as dg

from exports.charts.definition import Chart
from exports.errors import InvalidParameter
from exports.result import StoredResult, written
from orchestration.dbt_tests import FoundRows

SHOWN_ROWS = 10
# An event is kept for good and read with every list of events.
LARGEST_CHART_BYTES = 200_000
SCALE = 1.0  # the UI's dialog is no wider than the picture


def result_metadata(result: StoredResult, chart: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Number, rows, time it took, data through, the first rows as a table, the chart as an image."""
    metadata: dict[str, Any] = {
        "result": result.result_id,
        "rows": len(result.rows),
        "seconds": round(result.duration_seconds, 3),
        "first rows": dg.MarkdownMetadataValue(result.message or _preview(result)),
    }
    for source, instant in result.data_through.items():
        metadata[f"data through ({source})"] = dg.TimestampMetadataValue(instant.timestamp())
    if chart is not None:
        metadata["chart"] = _chart(result, Chart.read(chart))
    return metadata


def _preview(result: StoredResult) -> str:
    rows = [
        tuple(written(cell, column.kind) for cell, column in zip(row, result.columns, strict=True))
        for row in result.rows[:SHOWN_ROWS]
    ]
    return FoundRows(tuple(column.label for column in result.columns), tuple(rows)).markdown()


def _chart(result: StoredResult, chart: Chart) -> dg.MetadataValue:
    # drawing takes its time to import, and not every run draws
    from exports.charts.vega_lite import render_image

    try:
        image = render_image(result, chart, "png", SCALE)
    except InvalidParameter as error:
        return dg.TextMetadataValue(str(error))
    if len(image) > LARGEST_CHART_BYTES:
        return dg.TextMetadataValue("the chart is too large to be shown here; it is in the mail")
    return dg.MarkdownMetadataValue(f"![chart](data:image/png;base64,{base64.b64encode(image).decode()})")
