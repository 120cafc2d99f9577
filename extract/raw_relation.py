"""What a raw table holds: the source's key and columns, whatever engine they come from."""

from dataclasses import dataclass
from functools import cached_property

from psycopg import sql

from extract.specification import SourceCollection, SourceTable
from extract.statements import trusted

META_DESCRIPTIONS = {
    "_load_id": "Load that brought the row or changed it last",
    "_extracted_at": "When that load began",
    "_deleted_at": "as_of of the run that found the row gone from the source; empty while it is there",
}
META_COLUMNS = {
    "_load_id": "bigint",
    "_extracted_at": "timestamp with time zone",
    "_deleted_at": "timestamp with time zone",
}


@dataclass(frozen=True)
class RawRelation:
    """One raw table. `columns` maps each source column to its PostgreSQL type.

    `may_repeat`: one read can bring a key twice, the later one counts. `descriptions` are the comments of
    the table (under the empty name) and of its columns.
    """

    source: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    may_repeat: bool = False
    descriptions: tuple[tuple[str, str], ...] = ()

    @property
    def schema(self) -> str:
        """The schema of the source's raw tables."""
        return f"raw_{self.source}"

    @property
    def subject(self) -> str:
        """How messages name the table."""
        return f"{self.source}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """The table's qualified name, quoted."""
        return sql.Identifier(self.schema, self.name)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The source's columns in order, without the meta columns."""
        return tuple(name for name, _ in self.columns)

    def definitions(self, names: tuple[str, ...] | None = None) -> sql.Composed:
        """`name type` of the columns, all or the named ones, for a create table."""
        chosen = [(name, type_) for name, type_ in self.columns if names is None or name in names]
        return sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), trusted(type_)) for name, type_ in chosen
        )


def of_table(table: SourceTable) -> RawRelation:
    """The raw relation of a SQL table."""
    described = [("", table.description), *((column.name, column.description) for column in table.columns)]
    return RawRelation(
        table.source,
        table.name,
        table.key,
        tuple((column.name, column.raw_type) for column in table.columns),
        descriptions=_known(described),
    )


def of_collection(collection: SourceCollection) -> RawRelation:
    """The raw relation of a collection: the document whole, beside its key and cursor."""
    columns = (("_id", "text"), ("document", "jsonb"), ("updated_at", "timestamp with time zone"))
    cursor = f"`{collection.cursor}` of the document" if collection.cursor else "Not kept by this collection"
    described = [
        ("", collection.description),
        ("_id", "The document's _id as text"),
        ("document", "The document whole, in extended JSON"),
        ("updated_at", f"{cursor}; empty where it is no date"),
    ]
    return RawRelation(
        collection.source,
        collection.name,
        ("_id",),
        columns,
        may_repeat=True,
        descriptions=_known(described),
    )


def _known(descriptions: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The descriptions that say something, and those of the columns that every raw table has."""
    return tuple((name, text) for name, text in (*descriptions, *META_DESCRIPTIONS.items()) if text)
