"""What differs between two results, and what may have done it, as one JSON document for programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from exports.differences.causes import Causes
from exports.differences.cells import Differences
from exports.result import Cell, Kind, StoredResult, written

Value: TypeAlias = "dict[str, Value] | list[Value] | tuple[Value, ...] | Cell | bool"


def as_json(differences: Differences, causes: Causes) -> dict[str, Any]:
    """JSON values: instants ISO 8601, counts numbers, amounts strings, as in the results' own JSON."""
    return {
        "a": _of_result(differences.before),
        "b": _of_result(differences.after),
        "equal": differences.is_equal,
        "parameters": [{"name": one.name, "a": one.before, "b": one.after} for one in differences.parameters],
        "not_compared": list(differences.not_compared),
        "columns_only_in_a": list(differences.columns_only_in_a),
        "columns_only_in_b": list(differences.columns_only_in_b),
        "rows_only_in_a": list(differences.rows_only_in_a),
        "rows_only_in_b": list(differences.rows_only_in_b),
        "rows_compared": differences.rows_compared,
        "columns_compared": differences.columns_compared,
        "changes": [
            {
                "row": change.row,
                "column": change.column,
                "a": _cell(change.before, change.kind),
                "b": _cell(change.after, change.kind),
                "difference": _plain(change.difference),
            }
            for change in differences.changes
        ],
        "causes": _plain(asdict(causes)),
    }


def _of_result(result: StoredResult) -> dict[str, Any]:
    return {
        "result_id": result.result_id,
        "report": result.report,
        "generated_at": result.generated_at.isoformat(),
        "data_through": {source: at.isoformat() for source, at in result.data_through.items()},
    }


def _cell(cell: Cell, kind: Kind) -> int | str | None:
    return cell if cell is None or isinstance(cell, int) else written(cell, kind)


def _plain(value: Value) -> Value:
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case _:
            return value
