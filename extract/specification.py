"""What a source table or collection looks like: key, cursor, columns. Frozen and checked on creation."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """The types a source column may have, by the name the source contract gives them."""

    ID = "id"
    AT = "at"
    MONEY = "money"
    RATE = "rate"
    TEXT = "text"
    BOOL = "bool"
    INT = "int"
    DATE = "date"


RAW_TYPES: dict[Kind, str] = {
    Kind.ID: "bigint",
    Kind.AT: "timestamp with time zone",
    Kind.MONEY: "numeric(20,6)",
    Kind.RATE: "numeric(20,10)",
    Kind.TEXT: "text",
    Kind.BOOL: "boolean",
    Kind.INT: "integer",
    Kind.DATE: "date",
}


@dataclass(frozen=True)
class Column:
    """One column of a source table."""

    name: str
    kind: Kind
    nullable: bool = False
    description: str = ""

    @property
    def raw_type(self) -> str:
        """The PostgreSQL type of the column in the raw schema."""
        return RAW_TYPES[self.kind]


@dataclass(frozen=True)
class SourceTable:
    """A table of a SQL source.

    `cursor` names the column that says what moved: a time that every change moves forward, or with
    `append_only` an id that only grows. Without a cursor the table is read whole. A load rereads what lies
    within `lag` (times) or `id_window` (ids) below the watermark, since a transaction may commit after a
    later value was read. `description` becomes the raw table's comment.
    """

    source: str
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    cursor: str | None
    append_only: bool = False
    lag: timedelta = timedelta(minutes=10)
    id_window: int = 10_000
    description: str = ""
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {column.name: column for column in self.columns}
        object.__setattr__(self, "_by_name", by_name)
        if len(by_name) != len(self.columns):
            raise ValueError(f"{self.source}.{self.name}: a column is specified twice")
        if not self.key:
            raise ValueError(f"{self.source}.{self.name}: a table needs a key")
        for name in (*self.key, *([self.cursor] if self.cursor else [])):
            if name not in by_name:
                raise ValueError(f"{self.source}.{self.name}: {name} is not among the columns")
        if any(by_name[name].nullable for name in self.key):
            raise ValueError(f"{self.source}.{self.name}: a key column cannot be empty")
        if self.cursor and by_name[self.cursor].kind is not (Kind.ID if self.append_only else Kind.AT):
            raise ValueError(f"{self.source}.{self.name}: {self.cursor} cannot be the cursor")
        if self.append_only and not self.cursor:
            raise ValueError(f"{self.source}.{self.name}: append-only needs a growing id as cursor")

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return self._by_name[name]


@dataclass(frozen=True)
class SourceCollection:
    """A MongoDB collection. `cursor` names the date field that every change moves forward, if there is one.

    New documents are found by their growing ObjectId as well, whatever their shape. An `optional` collection
    may be absent: only old installations have it.
    """

    source: str
    name: str
    cursor: str | None
    lag: timedelta = timedelta(minutes=10)
    optional: bool = False
    description: str = ""


_KINDS = {kind.value: kind for kind in Kind}


def columns(text: str) -> tuple[Column, ...]:
    """Columns written as `name kind` or `name kind?` (may be empty), separated by commas.

    Or one a line, each with its description: `name kind: what it holds`.
    """
    described = ":" in text
    parsed: list[Column] = []
    for part in text.strip().splitlines() if described else text.split(","):
        definition, _, description = part.partition(":")
        name, kind = definition.split()
        parsed.append(Column(name, _KINDS[kind.removesuffix("?")], kind.endswith("?"), description.strip()))
    return tuple(parsed)
