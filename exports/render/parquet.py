"""Parquet for programs: typed columns under the whole heads, the Info beside them in the file's metadata.

Counts and years are int64, amounts and averages decimal128(38, 4), dates date32 (weeks, months and quarters
are their first days), instants timestamps in UTC, everything else text. The last column tells which row is
the Total, whose word is left out of a grouping column of another type. A column in which another cell is a
word is text, written as in CSV.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from exports.render.info import info_lines
from exports.render.sheet import batches
from exports.result import Cell, Column, Kind, StoredResult, key_column_count, written

if TYPE_CHECKING:
    from exports.charts.definition import Chart

TYPES = {
    Kind.TEXT: pa.string(),
    Kind.YEAR: pa.int64(),
    Kind.COUNT: pa.int64(),
    Kind.MONEY: pa.decimal128(38, 4),
    Kind.RATIO: pa.decimal128(38, 4),
    Kind.DATE: pa.date32(),
    Kind.WEEK: pa.date32(),
    Kind.MONTH: pa.date32(),
    Kind.QUARTER: pa.date32(),
    Kind.NAMED_MONTH: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}
IS_TOTAL = "Is Total"
ROWS_IN_A_GROUP = 65_536


def render(result: StoredResult, stream: BinaryIO, chart: Chart | None = None) -> None:
    """Write the rows; a result without any is a file without rows, its message in the metadata.

    The stream stays open. Further tables and the chart are for people's formats.
    """
    del chart
    schema, record_batches = arrow(result)
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for batch in record_batches:
            writer.write_batch(batch)


def arrow(result: StoredResult) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The schema of a result's rows, and the rows in batches of at most ROWS_IN_A_GROUP."""
    types = _types(result)
    fields = [
        pa.field(column.label, type_, metadata=_of_column(column))
        for column, type_ in zip(result.columns, types, strict=True)
    ]
    schema = pa.schema([*fields, pa.field(IS_TOTAL, pa.bool_(), nullable=False)], metadata=_metadata(result))
    return schema, _record_batches(result, schema)


def _record_batches(result: StoredResult, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    types = schema.types[:-1]
    readers = [_reader(column, type_) for column, type_ in zip(result.columns, types, strict=True)]
    left = len(result.rows)
    for batch in batches(result.rows, ROWS_IN_A_GROUP):
        columns = zip(*batch, strict=True)
        arrays = [
            pa.array([read(cell) for cell in cells], type_)
            for read, cells, type_ in zip(readers, columns, types, strict=True)
        ]
        left -= len(batch)
        totals = [False] * len(batch)
        if result.has_total and left == 0:
            totals[-1] = True
        yield pa.record_batch([*arrays, pa.array(totals, pa.bool_())], schema)


def _types(result: StoredResult) -> list[pa.DataType]:
    """The columns' types: text where a cell is a word, but for the Total's in a grouping column."""
    types = [TYPES[column.kind] for column in result.columns]
    keys = key_column_count(result.columns)
    total = result.rows[-1] if result.has_total else None
    for batch in batches(result.rows):
        for number, cells in enumerate(zip(*batch, strict=True)):
            if types[number] == pa.string() or str not in set(map(type, cells)):
                continue
            words = sum(isinstance(cell, str) for cell in cells)
            is_only_total = batch[-1] is total and words == 1 and isinstance(cells[-1], str)
            if number >= keys or not is_only_total:
                types[number] = pa.string()
    return types


def _reader(column: Column, type_: pa.DataType) -> Callable[[Cell], object]:
    """What a cell is in the file."""
    if type_ == pa.string():
        return lambda cell: None if cell is None else written(cell, column.kind)
    return _typed


def _typed(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return None
    return cell.astimezone(UTC) if isinstance(cell, datetime) else cell


def _of_column(column: Column) -> dict[str, str]:
    facts = {"kind": column.kind.value, "group": column.group, "currency": column.currency}
    return {name: value for name, value in facts.items() if value}


def _metadata(result: StoredResult) -> dict[str, str]:
    info: Sequence[tuple[str, str]] = info_lines(result)
    metadata = {
        "title": result.title,
        "result_id": result.result_id,
        "info": json.dumps(dict(info), ensure_ascii=False),
    }
    return metadata if result.message is None else {**metadata, "message": result.message}
