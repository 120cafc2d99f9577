"""Raw tables in the shape that extraction makes, filled by plain SQL: load by load, with the bookkeeping."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from extract.raw_relation import RawRelation, of_collection, of_table
from extract.sources import billing, middleware, platform
from extract.statements import names, statement

Row = Mapping[str, Any]
Rows = Mapping[str, Iterable[Row]]
Connection = psycopg.Connection[Any]

RELATIONS: dict[str, tuple[RawRelation, ...]] = {
    "billing": tuple(map(of_table, billing.TABLES)),
    "platform": tuple(map(of_table, platform.TABLES)),
    "middleware": tuple(map(of_collection, middleware.COLLECTIONS)),
}
# What a row has unless a test says otherwise.
_DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "platform": {
        "subscribers": {"name": "A subscriber", "time_zone": "UTC"},
        "users": {"name": "A user", "type": "staff"},
        "logons": {"locked_at_logon": False},
    }
}


class RawTables:
    """The raw tables of some sources, by name; no two of them have a table of the same name."""

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = sources
        self._relations = {relation.name: relation for source in sources for relation in RELATIONS[source]}
        assert len(self._relations) == sum(len(RELATIONS[source]) for source in sources)

    def create(self, connection: Connection) -> None:
        """Make the raw schemas with empty tables."""
        for source in self._sources:
            schema = sql.Identifier(f"raw_{source}")
            connection.execute(sql.SQL("create schema {}").format(schema))
            connection.execute(statement("bookkeeping", schema=schema).encode())
        for relation in self._relations.values():
            connection.execute(
                sql.SQL(
                    "create table {} ({}, _load_id bigint not null, _extracted_at timestamptz not null,"
                    " _deleted_at timestamptz, primary key ({}))"
                ).format(relation.identifier, relation.definitions(), names(relation.key))
            )
            connection.execute(sql.SQL("create index on {} (_load_id)").format(relation.identifier))

    def load(
        self, connection: Connection, rows: Rows, as_of: datetime, gone: Rows | None = None
    ) -> dict[str, int]:
        """One load of every table: `rows` are inserted or replaced by key, those of `gone` are marked.

        A column that a row leaves out is null, `updated_at` is `as_of` unless given. Load ids by table.
        """
        assert set(rows) | set(gone or {}) <= set(self._relations)
        return {
            name: _load_table(connection, relation, rows.get(name, ()), as_of, (gone or {}).get(name, ()))
            for name, relation in self._relations.items()
        }

    def delete(self, connection: Connection, table: str, ids: Iterable[int], as_of: datetime) -> int:
        """Mark rows as vanished from the source, as the sweep does; its load id."""
        relation = self._relations[table]
        load_id = _begin(connection, relation)
        _mark(connection, relation, [{"id": id_} for id_ in ids], load_id, as_of)
        _log(connection, relation, load_id, "sweep", as_of, 0)
        return load_id


def _load_table(
    connection: Connection, relation: RawRelation, rows: Iterable[Row], as_of: datetime, gone: Iterable[Row]
) -> int:
    load_id = _begin(connection, relation)
    inserted = _write(connection, relation, rows, load_id, as_of)
    _mark(connection, relation, gone, load_id, as_of)
    _log(connection, relation, load_id, "changes", as_of, inserted)
    connection.execute(
        sql.SQL(
            "insert into {}.watermarks values (%s, null, %s, %s) on conflict (table_name)"
            " do update set load_id = excluded.load_id, as_of = excluded.as_of"
        ).format(sql.Identifier(relation.schema)),
        (relation.name, load_id, as_of),
    )
    return load_id


def _begin(connection: Connection, relation: RawRelation) -> int:
    drawn = connection.execute("select nextval(%s)", (f"{relation.schema}.load_id_seq",)).fetchone()
    assert drawn is not None
    return drawn[0]


def _write(
    connection: Connection, relation: RawRelation, rows: Iterable[Row], load_id: int, as_of: datetime
) -> int:
    """Insert or replace the rows; how many were not there before."""
    columns = relation.column_names
    source = relation.schema.removeprefix("raw_")
    defaults = {"updated_at": as_of, **_DEFAULTS.get(source, {}).get(relation.name, {})}
    if "updated_at" not in columns:
        defaults = {}
    given = {tuple(row[name] for name in relation.key): {**defaults, **row} for row in rows}
    if not given:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists arrived")
        cursor.execute(
            sql.SQL("create temporary table arrived as select {} from {} limit 0").format(
                names(columns), relation.identifier
            )
        )
        with cursor.copy(sql.SQL("copy arrived ({}) from stdin").format(names(columns))) as copy:
            for row in given.values():
                assert set(row) <= set(columns), set(row) - set(columns)
                copy.write_row([_cell(name, row.get(name)) for name in columns])
        cursor.execute(
            sql.SQL("delete from {} where ({}) in (select {} from arrived)").format(
                relation.identifier, names(relation.key), names(relation.key)
            )
        )
        replaced = cursor.rowcount
        cursor.execute(
            sql.SQL("insert into {} ({}, _load_id, _extracted_at) select {}, %s, %s from arrived").format(
                relation.identifier, names(columns), names(columns)
            ),
            (load_id, as_of),
        )
    return len(given) - replaced


def _cell(column: str, value: Any) -> Any:
    return Jsonb(value) if column == "document" else value


def _mark(
    connection: Connection, relation: RawRelation, gone: Iterable[Row], load_id: int, as_of: datetime
) -> None:
    for row in gone:
        is_the_row = sql.SQL(" and ").join(
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(row[column]))
            for column in relation.key
        )
        connection.execute(
            sql.SQL("update {} set _deleted_at = %s, _load_id = %s where {}").format(
                relation.identifier, is_the_row
            ),
            (as_of, load_id),
        )


def _log(
    connection: Connection,
    relation: RawRelation,
    load_id: int,
    kind: str,
    as_of: datetime,
    inserted: int,
) -> None:
    connection.execute(
        sql.SQL("insert into {}.load_log values (%s, %s, %s, %s, %s, %s, %s, %s, 0, 0, 0, 0, null)").format(
            sql.Identifier(relation.schema)
        ),
        (load_id, relation.name, kind, as_of, as_of, as_of, inserted, inserted),
    )
