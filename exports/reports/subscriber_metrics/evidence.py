"""The pack for one subscriber's month: the sealed row, the lines behind each number, what came late."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.multirange import Multirange

from exports.months import last_day, month_label
from exports.reports.subscriber_metrics.lookups import (
    PACKAGE,
    find_months,
    find_subscriber,
    no_such_month,
    on_clock,
    platform_data_through,
    shown,
    status,
    whole_if_it_is,
)
from exports.reports.subscriber_metrics.parameters import (
    COLUMNS_OF_EVIDENCE,
    EVIDENCE_REPORT,
    METRICS,
    TITLE_OF_EVIDENCE,
    SeatEvidenceParameters,
)
from exports.result import Cell, GeneratedBy, Interval, StoredResult, new_result_id
from exports.result_store import store
from exports.snapshot import reading, statement

Row = Mapping[str, Any]
Line = tuple[Cell, ...]
Connection = psycopg.Connection[Any]

LABELS = {metric.column: metric.label for metric in METRICS}
LOGONS_IN_A_LINE = 20


def generate(
    connection: Connection, parameters: SeatEvidenceParameters, generated_by: GeneratedBy, as_of: datetime
) -> StoredResult:
    """Generate, store and return the pack, as `ask` does it."""
    return store(connection, ask(connection, parameters, generated_by, as_of))


def ask(
    connection: Connection, parameters: SeatEvidenceParameters, generated_by: GeneratedBy, as_of: datetime
) -> StoredResult:
    """The pack, not yet stored. The connection must be idle; it is left so.

    Raises InvalidParameter for an unknown subscriber or month, NotReady where the marts are not there yet.
    """
    began = time.perf_counter()
    asked = {"subscriber_id": parameters.subscriber_id, "month": parameters.month}
    with reading(connection) as snapshot:
        data_through = platform_data_through(snapshot)
        find_subscriber(snapshot, parameters.subscriber_id)
        months = find_months(snapshot, parameters.month, parameters.subscriber_id)
        if not months:
            raise no_such_month(snapshot, parameters.month, parameters.subscriber_id)
        evidence = snapshot.rows(statement(PACKAGE, "evidence"), asked)
        restatements = snapshot.rows(statement(PACKAGE, "restatements"), asked)
    found = months[0]
    lines = (*_seal(found), *_metrics(found, evidence), *_late(found, restatements))
    known_until = min(found["month_end_at"], data_through)
    first, last = parameters.month, last_day(parameters.month)
    known_on = min(last, on_clock(known_until, found["time_zone"]).date())
    return StoredResult(
        result_id=new_result_id(),
        report=EVIDENCE_REPORT,
        title=TITLE_OF_EVIDENCE,
        parameters={
            "subscriber": found["subscriber_name"],
            "subscriber_id": parameters.subscriber_id,
            "month": month_label(first),
            "status": status(found),
            **({"row_hash": found["row_hash"]} if found["is_closed"] else {}),
        },
        columns=COLUMNS_OF_EVIDENCE,
        rows=lines,
        has_total=False,
        message=None,
        asked_interval=Interval(
            first, last, found["time_zone"], found["month_start_at"], found["month_end_at"]
        ),
        data_interval=Interval(first, known_on, found["time_zone"], found["month_start_at"], known_until),
        data_through={"platform": data_through},
        generated_by=generated_by,
        as_of=as_of,
        generated_at=as_of,
        duration_seconds=time.perf_counter() - began,
    )


def _line(item: str, value: Cell = None, **cells: Cell) -> Line:
    """One row; `cells` by the names of the columns after the value, in lower case."""
    heads = [column.label.lower().replace(" ", "_") for column in COLUMNS_OF_EVIDENCE[2:]]
    return (item, value, *(cells.get(head) for head in heads))


def _seal(month: Row) -> Iterator[Line]:
    """Whose month it is, and what makes the closed row recognisable."""

    def moment(name: str) -> str:
        return on_clock(month[name], month["time_zone"]).isoformat(sep=" ")

    yield _line("Subscriber", month["subscriber_name"])
    yield _line("Subscriber ID", str(month["subscriber_id"]))
    yield _line("Month", month_label(month["month"]))
    yield _line("Time zone", month["time_zone"])
    yield _line("Begins", moment("month_start_at"))
    yield _line("Ends before", moment("month_end_at"))
    yield _line("Status", status(month) if month["is_closed"] else "live: may still change")
    yield _line("Data through", moment("data_through_at"))
    if month["is_closed"]:
        yield _line("Closed at", moment("closed_at"))
        if month["closed_as_of"] is not None:
            yield _line("Closed as of", moment("closed_as_of"))
        yield _line("Definition version", month["definition_version"])
        yield _line("Hash of the closed row", month["row_hash"])
        yield _line("Hash of the month before", month["previous_hash"] or "none: the first closed month")


def _metrics(month: Row, evidence: list[dict[str, Any]]) -> Iterator[Line]:
    """Each metric's value, then the lines that it is the sum of."""
    behind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for fact in evidence:
        behind[fact["metric"]].append(fact)
    for metric in METRICS:
        value = shown(month, metric.column)
        yield _line(metric.label, value.isoformat(sep=" ") if isinstance(value, datetime) else value)
        for fact in behind[metric.column]:
            yield from _fact_lines(metric.label, fact, month["time_zone"])


def _fact_lines(label: str, fact: Row, time_zone: str) -> Iterator[Line]:
    """One user's share, a line for each interval and each score of logons."""
    during: Multirange[datetime] = fact["during"] or Multirange()
    logon_ids: Sequence[int] = fact["logon_ids"] or ()
    intervals = [
        (
            on_clock(part.lower, time_zone) if part.lower else None,
            on_clock(part.upper, time_zone) if part.upper else None,
        )
        for part in during
    ]
    ids = [str(logon_id) for logon_id in logon_ids]
    scores = [", ".join(ids[i : i + LOGONS_IN_A_LINE]) for i in range(0, len(ids), LOGONS_IN_A_LINE)]
    for number in range(max(len(intervals), len(scores), 1)):
        since, until = intervals[number] if number < len(intervals) else (None, None)
        share = {"quantity": _quantity(fact["quantity"]), "unit": fact["unit"]} if number == 0 else {}
        yield _line(
            label,
            user=fact["user_name"],
            user_id=None if fact["user_id"] is None else str(fact["user_id"]),
            type=fact["user_type"],
            fact=fact["fact"],
            **{"from": since, "to": until},
            logon_ids=scores[number] if number < len(scores) else None,
            **share,
        )


def _late(month: Row, restatements: list[dict[str, Any]]) -> Iterator[Line]:
    """What was learnt after the month was closed; the closed values stay."""
    for late in restatements:
        is_instant = late["metric"] == "concurrent_max_at"
        difference = _seconds(late["difference"]) if is_instant else _quantity(late["difference"])
        yield _line(
            f"Restatement: {LABELS.get(late['metric'], late['metric'])}",
            difference,
            fact=(
                f"{late['previous_value'] or 'none'} became {late['value_now'] or 'none'}"
                f" (closed as {late['closed_value'] or 'none'}); {late['cause']}, load {late['load_id']}"
            ),
            **{"from": on_clock(late["noticed_at"], month["time_zone"])},
        )


def _quantity(number: Decimal | None) -> Cell:
    return None if number is None else whole_if_it_is(Decimal(number))


def _seconds(number: Decimal) -> str:
    return f"{'-' if number < 0 else ''}{timedelta(seconds=float(abs(number)))}"
