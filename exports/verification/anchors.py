"""Anchors: where the chains of closed months and restatements ended after each run, outside the warehouse.

A chain cannot tell that its end was cut off, and whoever may write can make a row that links. An anchor says
how long the chain was, which hash it ended with, and which rows of the ledger a run wrote; a copy elsewhere
is out of everyone's reach. One JSON document per line.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from pydantic import BaseModel, ConfigDict, ValidationError

from exports.errors import ReportError
from exports.snapshot import Snapshot, reading, statements
from exports.verification.comparison import Comparison

FILE_NAME = "closed_anchors.jsonl"
NAME = "anchors of closed months"
_RIGHTS = 0o600
_STATEMENTS = statements("exports.verification", "anchors")


class AnchorsError(ReportError):
    """A file of anchors cannot be read or written; the message names it."""


class Head(BaseModel):
    """The end of one subscriber's chain: last month (YYYY-MM), how many months, and the last row's hash."""

    model_config = ConfigDict(frozen=True)

    subscriber_id: int
    month: str
    months: int
    row_hash: str


class UnknownRow(BaseModel):
    """A row of the ledger that no run known to the writer of the anchor wrote."""

    model_config = ConfigDict(frozen=True)

    position: int
    noticed_at: datetime
    subscriber_id: int
    month: str
    metric: str


class Anchor(BaseModel):
    """What was closed and restated when a run ended.

    `digest` is over all heads, `heads` are those that moved since the anchor before. `written` are the first
    and last place in the ledger of rows that known runs wrote since then.
    """

    model_config = ConfigDict(frozen=True)

    warehouse: str
    as_of: datetime
    run_id: str
    months: int
    digest: str
    heads: tuple[Head, ...] = ()
    restatements: int
    restatements_hash: str | None
    start_hash: str | None
    written: tuple[tuple[int, int], ...] = ()
    unknown: tuple[UnknownRow, ...] = ()


@dataclass(frozen=True)
class _Known:
    """What the anchors of a warehouse say together."""

    anchors: tuple[Anchor, ...]
    heads: dict[int, Head]

    @property
    def last(self) -> Anchor | None:
        return self.anchors[-1] if self.anchors else None


def write_anchor(
    connection: psycopg.Connection[Any],
    path: Path,
    run_id: str,
    as_of: datetime,
    is_run: Callable[[datetime], bool],
) -> Anchor:
    """Append the anchor of a run that ends, on disk when this returns; nothing where nothing moved.

    `is_run` says whether a run with that as_of is known, other than by rows of the ledger: a killed one may
    have written rows without leaving an anchor. The connection must be idle. Raises AnchorsError.
    """
    with _opened_alone(path) as descriptor:
        known = _known(read_anchors(path), warehouse_of(connection))
        with reading(connection) as snapshot:
            anchor = _anchor(snapshot, known, run_id, as_of, is_run, warehouse_of(connection))
        last = known.last
        moved = (
            (anchor.digest, _ledger_of(anchor)) != (last.digest, _ledger_of(last)) if last else anchor.months
        )
        if not moved:
            return anchor
        os.write(descriptor, anchor.model_dump_json(exclude_defaults=True).encode() + b"\n")
    return anchor


def read_anchors(path: Path) -> list[Anchor]:
    """The anchors in a file, in order; none where there is no file. Raises AnchorsError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise AnchorsError(f"{path} cannot be read: {error}") from None
    anchors: list[Anchor] = []
    for number, line in enumerate(lines, start=1):
        try:
            anchors.append(Anchor.model_validate_json(line))
        except ValidationError:
            raise AnchorsError(
                f"{path}, line {number} is no anchor: restore the file from its copy"
            ) from None
    return anchors


def warehouse_of(connection: psycopg.Connection[Any]) -> str:
    """What tells this warehouse from others, also after it was dumped and restored: when it was set up."""
    row = connection.execute("select applied_at from app.migrations order by number limit 1").fetchone()
    return f"{row[0].astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if row else ""


def compare_with_anchors(
    connection: psycopg.Connection[Any], own: Path, others: Sequence[Path] = ()
) -> Comparison:
    """The closed months and the ledger against the home's anchors and those in other files.

    Anchors of other warehouses are left out. The connection must be idle. Raises AnchorsError.
    """
    comparison = Comparison(NAME, "anchors")
    warehouse = warehouse_of(connection)
    in_files = [(path, _known(read_anchors(path), warehouse).anchors) for path in (own, *others)]
    anchors = [anchor for _, found in in_files for anchor in found]
    comparison.checked = len(anchors)
    with reading(connection) as snapshot:
        ledger = snapshot.rows(_STATEMENTS["restatements_after"], {"after": 0})
        start = snapshot.row(b"select closed.restatements_start() as hash")["hash"]
        months = snapshot.row(b"select count(*) as months from closed.subscriber_metrics_monthly")["months"]
        for path, found in in_files:
            if months and not found:
                comparison.add(
                    str(path), None, f"holds no anchor of this warehouse, which has {months:,} closed months"
                )
        if not anchors:
            if not months:
                comparison.skipped = "no month was closed yet"
            return comparison
        _compare_heads(comparison, snapshot, anchors)
    _compare_ledger(comparison, anchors, ledger, start)
    latest = max(anchors, key=lambda anchor: anchor.as_of)
    anchored = max(anchor.months for anchor in anchors)
    if months > anchored:
        when = f"{latest.as_of:%Y-%m-%dT%H:%M:%SZ}"
        reason = f"closed after the last anchor (as of {when}): run: subdyn run hourly"
        comparison.add(f"{months - anchored:,} closed months", None, reason)
    return comparison


def _compare_heads(comparison: Comparison, snapshot: Snapshot, anchors: Iterable[Anchor]) -> None:
    heads: dict[Head, datetime] = {}
    for anchor in anchors:
        for head in anchor.heads:
            heads.setdefault(head, anchor.as_of)
    parameters = {
        "subscriber_ids": [head.subscriber_id for head in heads],
        "closed_months": [head.month for head in heads],
        "month_counts": [head.months for head in heads],
        "row_hashes": [head.row_hash for head in heads],
        "anchored_ats": [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in heads.values()],
    }
    for row in snapshot.rows(_STATEMENTS["heads_gone"], parameters):
        key = f"subscriber {row['subscriber_id']}, month {row['month']}"
        value = f"{row['months']} months anchored as of {row['anchored_at']}"
        if row["months_now"] != row["months"]:
            comparison.add(key, value, f"{row['months_now']} of them are there")
        else:
            comparison.add(key, value, "the last of them is another row now")


def _compare_ledger(
    comparison: Comparison, anchors: Sequence[Anchor], ledger: Sequence[dict[str, Any]], start: str | None
) -> None:
    hashes = {row["position"]: row["row_hash"] for row in ledger}
    written: set[int] = set()
    anchored = 0
    for anchor in anchors:
        when = f"anchored as of {anchor.as_of:%Y-%m-%dT%H:%M:%SZ}"
        last = f"restatements up to place {anchor.restatements:,}"
        if anchor.restatements and anchor.restatements not in hashes:
            comparison.add(last, when, f"the ledger ends at {max(hashes, default=0):,}")
        elif anchor.restatements and hashes[anchor.restatements] != anchor.restatements_hash:
            comparison.add(last, when, "the last of them is another row now")
        if anchor.start_hash != start:
            comparison.add("restatements without a place", when, "they are not what they were")
        anchored = max(anchored, anchor.restatements)
        for first, last_place in anchor.written:
            written.update(range(first, last_place + 1))
    _compare_rows_of_nobody(comparison, anchors, written)
    for row in ledger:
        if row["position"] > anchored:
            comparison.add(
                _key(row["subscriber_id"], row["month"]),
                f"{row['metric']}, restatement at place {row['position']:,}",
                "was written after the last anchor, by no run that ended: run: subdyn run hourly",
            )


def _compare_rows_of_nobody(comparison: Comparison, anchors: Sequence[Anchor], written: set[int]) -> None:
    for anchor in anchors:
        for row in anchor.unknown:
            if row.position not in written:
                comparison.add(
                    _key(row.subscriber_id, row.month),
                    f"{row.metric}, restatement at place {row.position:,}",
                    "was written by no run of this home",
                )


def _anchor(
    snapshot: Snapshot,
    known: _Known,
    run_id: str,
    as_of: datetime,
    is_run: Callable[[datetime], bool],
    warehouse: str,
) -> Anchor:
    heads = [Head.model_validate(row) for row in snapshot.rows(_STATEMENTS["heads"])]
    text = "\n".join(f"{head.subscriber_id}|{head.month}|{head.months}|{head.row_hash}" for head in heads)
    last = known.last
    after = last.restatements if last else 0
    rows = snapshot.rows(_STATEMENTS["restatements_after"], {"after": after})
    ended = {anchor.as_of for anchor in known.anchors}
    unknown: list[UnknownRow] = []
    for row in rows:
        noticed_at = row["noticed_at"]
        # what was there before the first anchor is where the anchors start from
        by_a_run = last is None or noticed_at == as_of or (noticed_at not in ended and is_run(noticed_at))
        if not by_a_run:
            unknown.append(UnknownRow.model_validate(row))
    places = {row["position"] for row in rows} - {row.position for row in unknown}
    return Anchor(
        warehouse=warehouse,
        as_of=as_of,
        run_id=run_id,
        months=sum(head.months for head in heads),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        heads=tuple(head for head in heads if known.heads.get(head.subscriber_id) != head),
        restatements=rows[-1]["position"] if rows else after,
        restatements_hash=rows[-1]["row_hash"] if rows else (last.restatements_hash if last else None),
        start_hash=snapshot.row(b"select closed.restatements_start() as hash")["hash"],
        written=tuple(_ranges(places)),
        unknown=tuple(unknown),
    )


def _known(anchors: Iterable[Anchor], warehouse: str) -> _Known:
    own = tuple(anchor for anchor in anchors if anchor.warehouse == warehouse)
    heads: dict[int, Head] = {}
    for anchor in own:
        heads.update({head.subscriber_id: head for head in anchor.heads})
    return _Known(own, heads)


def _ledger_of(anchor: Anchor) -> tuple[int, str | None, str | None]:
    return anchor.restatements, anchor.restatements_hash, anchor.start_hash


def _ranges(places: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for place in sorted(places):
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def _key(subscriber_id: int, month: str) -> str:
    return f"subscriber {subscriber_id}, month {month}"


@contextmanager
def _opened_alone(path: Path) -> Generator[int]:
    """The file, readable by its owner alone, open for appending while no other run writes to it."""
    try:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _RIGHTS)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # a line that a crash cut short was never an anchor
            content = path.read_bytes()
            os.ftruncate(descriptor, content.rfind(b"\n") + 1)
            yield descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
    except OSError as error:
        raise AnchorsError(f"{path} cannot be written: {error.strerror}") from None
