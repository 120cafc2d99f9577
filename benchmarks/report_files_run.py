"""One file of many rows, or some pictures, in a process of its own; prints seconds and peak memory.

`report_files_run.py {csv,xlsx,parquet,xlsxwriter} ROWS PATH`, or `png 0 PATH`: the seconds of the slowest
picture after the first. Rows are made while they are read, so that the memory is the writer's.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from exports.render import find_renderer
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.result import Cell, Column, GeneratedBy, Interval, Kind, StoredResult

COLUMN_COUNT = 20
DISTINCT = 997
PICTURES = 5
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


class Rows(Sequence[tuple[Cell, ...]]):
    """So many rows of twenty cells: a month, a package, counts and amounts."""

    def __init__(self, count: int) -> None:
        columns = report_columns()
        self._count = count
        self._rows = [
            tuple(_cell(column, number, position) for position, column in enumerate(columns))
            for number in range(min(DISTINCT, count))
        ]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        for number in range(self._count):
            yield self._rows[number % DISTINCT]

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(self._count))]
        return self._rows[place % self._count % DISTINCT]


def report_columns() -> tuple[Column, ...]:
    """The first twenty of a report by month and package."""
    asked = {"interval": "last-month", "time_zone": "UTC", "currency": "USD", "group_by": "month,package"}
    return CustomerDynamicsParameters.read(asked).columns[:COLUMN_COUNT]


def _cell(column: Column, number: int, position: int) -> Cell:
    match column.kind:
        case Kind.MONTH:
            return date(2020 + number % 6, 1 + number % 12, 1)
        case Kind.TEXT:
            return f"Package {number % 97}"
        case Kind.COUNT:
            return number * 37 % 100_000
        case _:
            return Decimal(number * 7_919_317 % 10_000_000_019 * (-1) ** position).scaleb(-4)


def a_result(rows: Sequence[tuple[Cell, ...]]) -> StoredResult:
    """A stored result of those rows, without a Total."""
    asked = Interval(date(2025, 1, 1), date(2025, 12, 31), "UTC", AS_OF, AS_OF)
    return StoredResult(
        result_id="0" * 32,
        report="customer-dynamics",
        title="Customer Dynamics",
        parameters={},
        columns=report_columns(),
        rows=cast("tuple[tuple[Cell, ...], ...]", rows),
        has_total=False,
        message=None,
        asked_interval=asked,
        data_interval=asked,
        data_through={"billing": AS_OF},
        generated_by=GeneratedBy("bench", "administrator"),
        as_of=AS_OF,
        generated_at=AS_OF,
        duration_seconds=0,
    )


def render(format_name: str, rows: Rows, path: Path) -> float:
    """The seconds that our renderer takes."""
    write = find_renderer(format_name)
    result = a_result(rows)
    began = time.perf_counter()
    with path.open("wb") as stream:
        write(result, stream)
    return time.perf_counter() - began


def write_by_xlsxwriter(rows: Rows, path: Path) -> float:
    """The seconds of xlsxwriter in its way that holds one row: the same cells and number formats."""
    import xlsxwriter

    formats = {Kind.MONTH: "yyyy-mm", Kind.TEXT: "@", Kind.COUNT: "#,##0"}
    began = time.perf_counter()
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        kinds = [column.kind for column in report_columns()]
        styles = [book.add_format({"num_format": formats.get(kind, "#,##0.00")}) for kind in kinds]
        writers: dict[type, Callable[..., Any]] = {
            str: sheet.write_string,
            date: sheet.write_datetime,
            int: sheet.write_number,
            Decimal: sheet.write_number,
        }
        for number, row in enumerate(rows):
            for position, cell in enumerate(row):
                writers[type(cell)](number, position, cell, styles[position])
    return time.perf_counter() - began


def draw(path: Path) -> float:
    """The seconds of the slowest of some pictures, all but the first."""
    from exports.charts.definition import Chart
    from exports.charts.vega_lite import render_image

    result = a_result([replace_month(row, number) for number, row in enumerate(Rows(24))])
    seconds = []
    for number in range(PICTURES + 1):
        chart = Chart.read({"template": "Balance Refill: Total", "title": f"Picture {number}"})
        began = time.perf_counter()
        path.write_bytes(render_image(result, chart, "png"))
        seconds.append(time.perf_counter() - began)
    return max(seconds[1:])


def replace_month(row: tuple[Cell, ...], number: int) -> tuple[Cell, ...]:
    """The row as that of a month of its own and no package."""
    return (date(2024 + number // 12, 1 + number % 12, 1), None, *row[2:])


def main(arguments: list[str]) -> None:
    """Write one file and print the seconds and the peak of memory."""
    what, count, path = arguments[0], int(arguments[1]), Path(arguments[2])
    if what == "png":
        seconds = draw(path)
    elif what == "xlsxwriter":
        seconds = write_by_xlsxwriter(Rows(count), path)
    else:
        seconds = render(what, Rows(count), path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(sys.argv[1:])
