"""The JSON form of a result: what the warehouse keeps of it, and what the format json gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from exports import months
from exports.result import Cell, Kind, StoredResult, Table, written

_RESULT = TypeAdapter(StoredResult)
# What app.report_results has columns of its own for.
BESIDE_CONTENT = {"result_id", "report", "generated_by", "as_of", "generated_at", "duration_seconds"}


def as_json(result: StoredResult) -> dict[str, Any]:
    """The result as JSON values: instants ISO 8601, money and ratios as strings, counts as numbers."""
    values = _RESULT.dump_python(_with_cells(result, _to_json), mode="json", by_alias=True)
    return values | {"duration_seconds": round(result.duration_seconds, 3)}


def content_of(result: StoredResult) -> dict[str, Any]:
    """What the column `content` of app.report_results holds of the result."""
    return {name: value for name, value in as_json(result).items() if name not in BESIDE_CONTENT}


def from_row(row: Mapping[str, Any]) -> StoredResult:
    """The result that a row of app.report_results holds."""
    content: dict[str, Any] = row["content"]
    for table in (content, *content["details"]):
        for column in table["columns"]:
            # results stored by the first release name no groups
            column.setdefault("group", column["label"].rpartition(": ")[0])
    by = {"name": row["generated_by"], "role": row["role"], "company_id": row["company_id"]}
    values = content | {name: row[name] for name in BESIDE_CONTENT} | {"generated_by": by}
    return _with_cells(_RESULT.validate_python(values), _from_json)


def _with_cells(result: StoredResult, convert: Callable[[Cell, Kind], Cell]) -> StoredResult:
    """The result with every cell converted by its column's kind, in the further tables too."""

    def rows(table: StoredResult | Table) -> tuple[tuple[Cell, ...], ...]:
        kinds = [column.kind for column in table.columns]
        return tuple(
            tuple(convert(cell, kind) for cell, kind in zip(row, kinds, strict=True)) for row in table.rows
        )

    details = tuple(replace(table, rows=rows(table)) for table in result.details)
    return replace(result, rows=rows(result), details=details)


def _to_json(cell: Cell, kind: Kind) -> Cell:
    return cell if cell is None or isinstance(cell, int) else written(cell, kind)


def _from_json(cell: Cell, kind: Kind) -> Cell:
    if not isinstance(cell, str) or cell == "":
        return cell
    match kind:
        case Kind.MONEY | Kind.RATIO:
            return Decimal(cell)
        case Kind.DATE if cell[0].isdigit():
            return date.fromisoformat(cell)
        case Kind.MONTH if cell[0].isdigit():
            return months.parse_month(cell)
        case Kind.NAMED_MONTH if cell[-1].isdigit():
            return months.parse_month_label(cell)
        case Kind.QUARTER if cell[0].isdigit():
            return months.parse_quarter_label(cell)
        case Kind.WEEK if cell[0].isdigit():
            return months.parse_week_label(cell)
        case Kind.TIMESTAMP if cell[0].isdigit():
            return datetime.fromisoformat(cell)
        case _:
            return cell
