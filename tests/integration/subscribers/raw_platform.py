"""The raw tables of a platform, filled by plain SQL in the shape in which the extraction leaves them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from extract.raw_relation import of_table
from extract.sources.platform import TABLES
from extract.specification import SourceTable

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

_TABLES: dict[str, SourceTable] = {table.name: table for table in TABLES}
# What a row has unless a test says otherwise.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "subscribers": {"name": "A subscriber", "time_zone": "UTC", "deleted_at": None},
    "users": {"name": "A user", "type": "staff"},
    "user_changes": {"role": None},
    "logons": {"logged_off_at": None, "locked_at_logon": False},
    "process_forms": {"trashed_at": None},
    "process_fields": {"trashed_at": None},
}

_BOOKKEEPING = """
create table raw_platform.watermarks (
    table_name text primary key, cursor_value text, load_id bigint not null, as_of timestamptz not null
);
create table raw_platform.load_log (
    load_id bigint primary key, table_name text not null, kind text not null, as_of timestamptz not null,
    started_at timestamptz not null, finished_at timestamptz not null, extracted_count bigint not null,
    inserted_count bigint not null, updated_count bigint not null, unchanged_count bigint not null,
    deleted_count bigint not null, rejected_count bigint not null, watermark text
);
create sequence raw_platform.load_id_seq;
"""


class RawPlatform:
    """The raw tables in the warehouse at `url`, written as the pipeline's role."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("set role subdyn_pipeline")

    def create(self) -> None:
        """Make the schema and its tables, empty."""
        self.connection.execute("create schema raw_platform")
        self.connection.execute(_BOOKKEEPING)
        for table in TABLES:
            self.connection.execute(
                sql.SQL(
                    "create table raw_platform.{0} ({1}, _load_id bigint not null,"
                    " _extracted_at timestamptz not null, _deleted_at timestamptz, primary key (id));"
                    "create index on raw_platform.{0} (_load_id)"
                ).format(sql.Identifier(table.name), of_table(table).definitions())
            )

    def load(self, rows: Rows, as_of: datetime) -> dict[str, int]:
        """One complete load of every table: the rows given are new or changed; load ids by table."""
        return {name: self._load_table(name, rows.get(name, ()), as_of) for name in _TABLES}

    def delete(self, table: str, ids: Sequence[int], as_of: datetime) -> int:
        """Mark rows as vanished from the source, as the sweep does; its load id."""
        load_id = self._next_load_id()
        self.connection.execute(
            sql.SQL(
                "update raw_platform.{} set _deleted_at = %(as_of)s, _load_id = %(load)s"
                " where id = any(%(ids)s)"
            ).format(sql.Identifier(table)),
            {"as_of": as_of, "load": load_id, "ids": list(ids)},
        )
        self._log(load_id, table, "sweep", as_of)
        return load_id

    def _load_table(self, name: str, rows: Sequence[Mapping[str, Any]], as_of: datetime) -> int:
        columns = [column.name for column in _TABLES[name].columns]
        load_id = self._next_load_id()
        defaults = {"updated_at": as_of, **_DEFAULTS.get(name, {})}
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("drop table if exists arrived")
            cursor.execute(
                sql.SQL(
                    "create temporary table arrived on commit drop as select {} from raw_platform.{} limit 0"
                ).format(names, sql.Identifier(name))
            )
            with cursor.copy(sql.SQL("copy arrived ({}) from stdin").format(names)) as copy:
                for row in rows:
                    full = {**defaults, **row}
                    copy.write_row([full[column] for column in columns])
            replaced = cursor.execute(
                sql.SQL("delete from raw_platform.{} where id in (select id from arrived)").format(
                    sql.Identifier(name)
                )
            ).rowcount
            cursor.execute(
                sql.SQL(
                    "insert into raw_platform.{} select {}, %(load)s, %(as_of)s, null from arrived"
                ).format(sql.Identifier(name), names),
                {"load": load_id, "as_of": as_of},
            )
            cursor.execute(
                "insert into raw_platform.watermarks (table_name, load_id, as_of) values (%s, %s, %s)"
                " on conflict (table_name) do update set load_id = excluded.load_id, as_of = excluded.as_of",
                (name, load_id, as_of),
            )
        self._log(load_id, name, "changes", as_of, inserted=len(rows) - replaced)
        return load_id

    def _next_load_id(self) -> int:
        row = self.connection.execute("select nextval('raw_platform.load_id_seq')").fetchone()
        assert row is not None
        return int(row[0])

    def _log(self, load_id: int, table: str, kind: str, as_of: datetime, inserted: int = 0) -> None:
        self.connection.execute(
            "insert into raw_platform.load_log values (%s, %s, %s, %s, %s, %s, 0, %s, 0, 0, 0, 0)",
            (load_id, table, kind, as_of, as_of, as_of, inserted),
        )
