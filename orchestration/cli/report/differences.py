"""`subdyn report diff`: what differs between two stored results, and what may have done it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from orchestration.cli.installation import open_installation
from orchestration.cli.terminal import Terminal, write_line

if TYPE_CHECKING:
    from exports.differences.causes import Causes
    from exports.differences.cells import Differences
    from exports.result import StoredResult

ID = "Its id or the first digits, from `report list`."


class Format(StrEnum):
    """How the differences are told."""

    TABLE = "table"
    JSON = "json"


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=ID)],
    b: Annotated[str, typer.Argument(metavar="B", help=ID)],
    format_: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TABLE,
) -> None:
    """Tell which cells differ between two stored results of one report, and which late facts may be why.

    Ends with 0 whether or not there are differences.
    """
    import json

    import psycopg

    from exports.differences.causes import find_causes
    from exports.differences.cells import compare
    from exports.differences.document import as_json
    from exports.result_store import check_result_id, find_result_id, load

    beginnings = [check_result_id(beginning) for beginning in (a, b)]
    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        before, after = (load(connection, find_result_id(connection, one)) for one in beginnings)
        differences = compare(before, after)
        causes = find_causes(connection, before, after)
    if format_ is Format.JSON:
        write_line(json.dumps(as_json(differences, causes), indent=2))
    else:
        print_differences(differences, causes)


def print_differences(differences: Differences, causes: Causes) -> None:
    """The differences on stdout: what was asked differently first, then cells, rows and columns, then why."""
    out = Terminal()
    for name, result in (("A", differences.before), ("B", differences.after)):
        out.print(Text(_line(name, result)), soft_wrap=True)
    for different in differences.parameters:
        asked = f"{different.name}: {_value(different.before)} in A, {_value(different.after)} in B"
        out.print(Text(f"asked differently: {asked}"), soft_wrap=True)
    for words in differences.not_compared:
        out.print(Text(f"not compared: {words}"), soft_wrap=True)
    out.print()
    extent = f"{differences.rows_compared:,} rows of {differences.columns_compared:,} columns compared"
    if differences.is_equal:
        out.print(Text(f"no differences: {extent}"))
    else:
        out.print(Text(f"{len(differences.changes):,} cells differ: {extent}"))
    if differences.changes:
        cells = (
            (one.row, one.column, one.before_text, one.after_text, _signed(one.difference))
            for one in differences.changes
        )
        out.print(_table(("Row", "Column", "A", "B", "B - A"), cells, right=3))
    for what, names in (
        ("rows only in A", differences.rows_only_in_a),
        ("rows only in B", differences.rows_only_in_b),
        ("columns only in A", differences.columns_only_in_a),
        ("columns only in B", differences.columns_only_in_b),
    ):
        if names:
            out.print(Text(f"{what}: {'; '.join(names)}"), soft_wrap=True)
    for part in _causes(causes, differences):
        out.print(part, soft_wrap=isinstance(part, Text))


def _causes(causes: Causes, differences: Differences) -> Iterator[Text | Table]:
    from exports.differences.causes import WHAT

    if causes.unknown is not None:
        yield Text(f"what moved between them is not known: {causes.unknown}")
        return
    if causes.known_earlier is None or causes.known_later is None:
        return
    if causes.known_earlier == causes.known_later:
        if not differences.is_equal:
            yield Text(f"both know the same data, through {_minute(causes.known_earlier)}")
        return
    since = f"loaded after {_minute(causes.known_earlier)}, up to {_minute(causes.known_later)}"
    if causes.movement_counts is not None:
        moved = sum(count for what, count in causes.movement_counts.items() if what != "changed again")
        yield Text(f"movements before the interval's end that were {since}: {moved:,}")
        for what, count in causes.movement_counts.items():
            yield Text(f"  {what} {count:,}: {WHAT[what]}")
    if causes.movements:
        yield _movements(causes)
    if causes.other_rows:
        others = ", ".join(f"{name} {count:,}" for name, count in causes.other_rows.items())
        yield Text(f"other rows {since}: {others}")
    if causes.restatement_count:
        yield Text(f"restatements of closed months, {since}: {causes.restatement_count:,}")
        yield _restatements(causes)


def _movements(causes: Causes) -> Table:
    rows = (
        (
            one.what,
            str(one.transaction_id),
            str(one.customer_id),
            "" if one.confirmed_at is None else _minute(one.confirmed_at, zone=""),
            one.kind + (" (before the interval)" if one.is_before_the_interval else ""),
            f"{one.amount:f} {one.currency}",
        )
        for one in causes.movements
    )
    heads = ("What", "Movement", "Customer", "Confirmed, UTC", "Kind", "Amount")
    return _table(heads, rows, right=1)


def _restatements(causes: Causes) -> Table:
    rows = (
        (
            f"{one.subscriber_name} ({one.subscriber_id})",
            f"{one.month:%Y-%m}",
            one.metric,
            one.closed_value or "none",
            f"{one.previous_value or 'none'} to {one.value_now or 'none'}",
            one.cause,
        )
        for one in causes.restatements
    )
    return _table(("Subscriber", "Month", "Metric", "Closed as", "Known", "Cause"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: int = 0) -> Table:
    """Texts in columns, the last of them to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number >= len(heads) - right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _line(name: str, result: StoredResult) -> str:
    from exports.render.info import asked_in_short, short_id

    asked = result.asked_interval
    through = ", ".join(f"{source} through {_minute(at)}" for source, at in result.data_through.items())
    parts = (f"{asked.from_date}..{asked.to_date}", *asked_in_short(result.parameters), through)
    return f"{name}  {short_id(result.result_id)}  {result.report}, {', '.join(parts)}"


def _value(value: Any) -> str:
    if value in (None, [], ()):
        return "all"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _signed(difference: Any) -> str:
    return (
        ""
        if difference is None
        else f"{difference:+f}"
        if not isinstance(difference, int)
        else f"{difference:+}"
    )


def _minute(instant: datetime, zone: str = " UTC") -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}{zone}"
