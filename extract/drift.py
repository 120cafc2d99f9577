"""How a source table departs from its specification."""

from collections.abc import Mapping

from extract.errors import NeverRetry
from extract.specification import SourceTable


def compared(table: SourceTable, types: Mapping[str, str], fits: Mapping[str, bool]) -> tuple[str, ...]:
    """The columns the specification does not know, in the source's order.

    `types` maps each column of the source to its type, `fits` says whether that type can be stored exactly.
    NeverRetry names the columns that are missing or changed.
    """
    subject = f"{table.source}.{table.name}"
    missing = [column.name for column in table.columns if column.name not in types]
    if missing:
        raise NeverRetry(f"{subject}: the {table.source} database has no column {', '.join(missing)}")
    changed = [
        f"column {column.name} is {types[column.name]} in the {table.source} database,"
        f" expected what fits {column.raw_type}"
        for column in table.columns
        if not fits[column.name]
    ]
    if changed:
        raise NeverRetry(f"{subject}: {'; '.join(changed)}")
    known = {column.name for column in table.columns}
    return tuple(name for name in types if name not in known)
