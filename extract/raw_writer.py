"""One warehouse transaction: batches to the raw table, what could not be stored, watermark, load log.

Loads of one table take turns: each locks the table's row of `turns` before it draws its load id, so that ids
commit in order. A row of a table that only the pipeline may touch, since anybody could take an advisory lock.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import asyncpg
from psycopg import sql

from extract.errors import NeverRetry
from extract.postgresql import Connection, connected, fetch_value, translated
from extract.progress import reported
from extract.raw_relation import RawRelation
from extract.raw_tables import ensure_bookkeeping, ensure_table, take_turn
from extract.result import LoadKind, LoadResult, Rejected
from extract.statements import assignments, names, row, same, statement

CopyFormat = Literal["binary", "text"]


@dataclass
class RawWriter:
    """The open transaction of one load; made by `raw_writer`, which commits it when its block ends well."""

    connection: Connection
    warehouse_url: str = field(repr=False)
    relation: RawRelation
    kind: LoadKind
    as_of: datetime
    load_id: int
    started_at: datetime
    is_new: bool
    previous_watermark: str | None
    set_aside_keys: list[str] = field(default_factory=list[str])
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("extracted", "inserted", "updated", "unchanged", "deleted", "rejected"), 0
        )
    )

    async def receive(
        self,
        chunks: AsyncIterable[bytes],
        copy_format: CopyFormat,
        report_progress: Callable[[int], None] | None = None,
    ) -> int:
        """Copies rows into the new raw table, or aside for `apply`; returns how many rows came."""
        counted = self.counts["extracted"]
        async with reported(self.warehouse_url, self.connection, counted, report_progress):
            copied = await self.connection.copy_to_table(
                self.relation.name if self.is_new else "incoming",
                schema_name=self.relation.schema if self.is_new else "pg_temp",
                columns=self.relation.column_names,
                source=chunks,
                format=copy_format,
                freeze=self.is_new or None,
            )
        count = int(copied.split()[1])
        self.counts["extracted"] += count
        if report_progress and count:
            report_progress(self.counts["extracted"])
        return count

    async def set_aside(self, rejected: Iterable[Rejected]) -> None:
        """Keeps what could not be stored; what is already kept in the same words is counted, not doubled."""
        batch = list(rejected)
        if not batch:
            return
        self.set_aside_keys.extend(one.key for one in batch if one.key is not None)
        self.counts["rejected"] += len(batch)
        self.counts["extracted"] += len(batch)
        await self.connection.execute(
            statement("set_aside", schema=sql.Identifier(self.relation.schema)),
            self.load_id,
            self.relation.name,
            self.started_at,
            [one.key for one in batch],
            [one.reason for one in batch],
            [one.document for one in batch],
        )

    async def apply(self, *, mark_vanished: bool = False) -> None:
        """Brings the received rows into the raw table; rows that are as they were stay untouched."""
        if self.is_new:
            await self._finish_new_table()
            return
        relation = self.relation
        await self.require_unique_keys("incoming")
        await self.connection.execute("analyze pg_temp.incoming")
        same_key = same(relation.key, "stored", "incoming")
        updated = await self._count(
            statement(
                "update_changed",
                relation=relation.identifier,
                assignments=assignments(relation.column_names, "incoming"),
                same_key=same_key,
                stored_row=row(relation.column_names, "stored"),
                incoming_row=row(relation.column_names, "incoming"),
            ),
            self.load_id,
            self.started_at,
        )
        inserted = await self._count(
            statement(
                "insert_new",
                relation=relation.identifier,
                columns=names(relation.column_names),
                same_key=same_key,
            ),
            self.load_id,
            self.started_at,
        )
        self.counts["updated"] += updated
        self.counts["inserted"] += inserted
        if mark_vanished:
            await self.mark_vanished("incoming")

    async def keep_set_aside(self) -> None:
        """Lets the keys set aside count as received, so that `mark_vanished` leaves their rows alone."""
        add = sql.SQL("insert into pg_temp.incoming ({}) select unnest($1::text[]) on conflict do nothing")
        await self.connection.execute(add.format(names(self.relation.key)).as_string(), self.set_aside_keys)

    async def mark_vanished(self, keys: str) -> None:
        """Marks the rows whose key is not in the temporary table `keys` as deleted at `as_of`."""
        relation = self.relation
        self.counts["deleted"] += await self._count(
            statement(
                "mark_vanished",
                relation=relation.identifier,
                keys=sql.Identifier("pg_temp", keys),
                same_key=same(relation.key, "stored", "incoming"),
            ),
            self.as_of,
            self.load_id,
        )

    async def finish(self, watermark: str | None, drift: tuple[str, ...] = ()) -> LoadResult:
        """Writes watermark and load log; the caller leaves the block next, which commits."""
        counts = self.counts
        counts["unchanged"] = counts["extracted"] - sum(
            counts[k] for k in ("inserted", "updated", "rejected")
        )
        finished_at = await fetch_value(
            self.connection,
            statement("finish", schema=sql.Identifier(self.relation.schema)),
            self.load_id,
            self.relation.name,
            self.kind,
            self.as_of,
            self.started_at,
            *(counts[k] for k in ("extracted", "inserted", "updated", "unchanged", "deleted", "rejected")),
            watermark,
        )
        return LoadResult(
            source=self.relation.source,
            table_name=self.relation.name,
            load_id=self.load_id,
            kind=self.kind,
            as_of=self.as_of,
            started_at=self.started_at,
            finished_at=finished_at,
            watermark=watermark,
            drift=drift,
            **{f"{name}_count": count for name, count in counts.items()},
        )

    async def _finish_new_table(self) -> None:
        table = self.relation.identifier
        await self.connection.execute("set local maintenance_work_mem = '128MB'")
        await self.require_unique_keys()
        for tail in (
            "create index on {} (_load_id)",
            "alter table {} alter column _load_id drop default, alter column _extracted_at drop default",
            "analyze {}",
        ):
            await self.connection.execute(sql.SQL(tail).format(table).as_string())
        self.counts["inserted"] = self.counts["extracted"] - self.counts["rejected"]

    async def require_unique_keys(self, temporary: str | None = None) -> None:
        """Gives the raw table, or the temporary one, its primary key; NeverRetry if keys are not unique."""
        table = sql.Identifier("pg_temp", temporary) if temporary else self.relation.identifier
        add_key = sql.SQL("alter table {} add primary key ({})").format(table, names(self.relation.key))
        key = ", ".join(self.relation.key)
        try:
            async with self.connection.transaction():
                await self.connection.execute(add_key.as_string())
        except asyncpg.UniqueViolationError as error:
            if self.relation.may_repeat:
                later = same(self.relation.key, "later", "earlier")
                drop = statement("drop_repeated", relation=table, same_key=later)
                self.counts["extracted"] -= await self._count(drop)
                await self.connection.execute(add_key.as_string())
                return
            raise NeverRetry(
                f"{self.relation.subject}: the key ({key}) is not unique in the source:"
                f" {getattr(error, 'detail', '')}"
            ) from None
        except asyncpg.NotNullViolationError:
            raise NeverRetry(f"{self.relation.subject}: the key ({key}) is empty in some row") from None

    async def _count(self, command: str, *arguments: object) -> int:
        return int((await self.connection.execute(command, *arguments)).split()[-1])


@asynccontextmanager
async def raw_writer(
    warehouse_url: str, relation: RawRelation, kind: LoadKind, as_of: datetime
) -> AsyncGenerator[RawWriter]:
    """Takes the table's turn and opens its transaction; an error inside leaves the warehouse as it was."""
    if as_of.tzinfo is None:
        raise NeverRetry(f"{relation.subject}: as_of needs a time zone, it is {as_of.isoformat()}")
    async with connected(warehouse_url, "warehouse", relation.subject) as connection:
        with translated(warehouse_url, "warehouse", relation.subject):
            await ensure_bookkeeping(connection, relation.schema)
            async with connection.transaction(isolation="read_committed"):
                await take_turn(connection, relation)
                load_id = await fetch_value(
                    connection,
                    "select nextval(format('%I.load_id_seq', $1::text)::regclass)",
                    relation.schema,
                )
                started_at = await fetch_value(connection, "select clock_timestamp()")
                is_new, is_complete = await ensure_table(connection, relation, load_id, started_at)
                find = sql.SQL("select cursor_value from {} where table_name = $1")
                watermark = await fetch_value(
                    connection,
                    find.format(sql.Identifier(relation.schema, "watermarks")).as_string(),
                    relation.name,
                )
                yield RawWriter(
                    connection,
                    warehouse_url,
                    relation,
                    kind,
                    as_of,
                    load_id,
                    started_at,
                    is_new,
                    watermark if is_complete else None,
                )
