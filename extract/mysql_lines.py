"""MySQL and MariaDB write the lines of a text COPY themselves: one bytes value per row, exact, in UTC.

Decimals and times keep every digit, since no driver converts them. A row that PostgreSQL could not hold (a
zero date, a number out of range) has NULL for a line; a NUL in a text is looked for in the bytes that arrive,
where that costs nothing. Only hexadecimal literals are used, so that no sql_mode changes their meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from extract.specification import Column, Kind

_TAB, _LINE_END, _NULL = "0x09", "0x0A", "0x5C4E"
_RANGES = {Kind.ID: (-(2**63), 2**63 - 1), Kind.INT: (-(2**31), 2**31 - 1), Kind.BOOL: (0, 1)}


@dataclass(frozen=True)
class Described:
    """A column of the specification, and what the source says of it; the defaults are the careful ones."""

    column: Column
    is_nullable: bool = True
    is_utf8: bool = False
    is_unsigned: bool = True

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def kind(self) -> Kind:
        """The column's kind."""
        return self.column.kind

    @property
    def is_doubtful(self) -> bool:
        """Whether the column can hold what PostgreSQL cannot."""
        match self.kind:
            case Kind.AT | Kind.DATE | Kind.TEXT | Kind.BOOL:
                return True
            case Kind.ID | Kind.INT:
                return self.is_unsigned
            case _:
                return False


def quoted(name: str) -> str:
    """The identifier in backticks."""
    return f"`{name.replace('`', '``')}`"


def line(columns: Sequence[Described]) -> str:
    """The expression of a COPY line of the columns; NULL where one of them cannot be held."""
    values = f", {_TAB}, ".join(_text(column) for column in columns)
    written = f"concat({values}, {_LINE_END})"
    judged = [column for column in columns if column.is_doubtful and column.kind is not Kind.TEXT]
    return f"if({unreadable(judged)}, null, {written})" if judged else written


def select(expressions: str, table: str, condition: str = "") -> str:
    """The query of the expressions over the table; values of the condition are bound parameters."""
    return f"select {expressions} from {quoted(table)} {condition}"  # noqa: S608


def key_line(key: Sequence[Described], cursor: Described | None) -> str:
    """The expression of a COPY line of key and cursor; a cursor that cannot be held is written as NULL."""
    parts = [_text(column) for column in key]
    if cursor is not None:
        parts.append(f"if({_trouble(cursor)}, {_NULL}, {_text(cursor)})")
    dates = [column for column in key if column.kind is Kind.DATE]
    written = f"concat({f', {_TAB}, '.join(parts)}, {_LINE_END})"
    return f"if({unreadable(dates)}, null, {written})" if dates else written


def unreadable(columns: Sequence[Described]) -> str:
    """The condition that PostgreSQL cannot hold some column of the row."""
    return " or ".join(_trouble(column) for column in columns)


def reason(columns: Sequence[Described]) -> str:
    """The expression that names each column that cannot be held."""
    message = ", ".join(
        f"if({_trouble(column)}, concat('{column.name}', ' {_COMPLAINTS[column.kind]}'), null)"
        for column in columns
    )
    return f"concat_ws('; ', {message})"


def json_document(columns: Sequence[Described]) -> str:
    """The expression of the row as a JSON object of texts."""
    pairs = ", ".join(f"'{column.name}', convert({quoted(column.name)} using utf8mb4)" for column in columns)
    return f"json_object({pairs})"


def key_text(key: Sequence[Described]) -> str:
    """The expression of the key as readable text."""
    return f"concat_ws(',', {', '.join(f'convert({quoted(column.name)} using utf8mb4)' for column in key)})"


_COMPLAINTS = {
    Kind.ID: "is out of range",
    Kind.INT: "is out of range",
    Kind.BOOL: "is neither 0 nor 1",
    Kind.AT: "is no date",
    Kind.DATE: "is no date",
    Kind.TEXT: "holds a NUL character",
    Kind.MONEY: "is out of range",
    Kind.RATE: "is out of range",
}


def _text(column: Described) -> str:
    plain = quoted(column.name)
    if _may_be_zero(column):
        plain = f"if({plain} + 0 = 0, null, {plain})"
    elif column.kind is Kind.TEXT:
        plain = f"cast({plain if column.is_utf8 else f'convert({plain} using utf8mb4)'} as binary)"
        for raw, escaped in (("0x5C", "0x5C5C"), ("0x09", "0x5C74"), ("0x0A", "0x5C6E"), ("0x0D", "0x5C72")):
            plain = f"replace({plain}, {raw}, {escaped})"
    elif column.kind is Kind.BOOL:
        plain = f"({plain} + 0)"
    # concat writes every digit of a number or time, and has no opinion on types as coalesce has
    return f"coalesce(concat({plain}), {_NULL})" if column.is_nullable else plain


def _may_be_zero(column: Described) -> bool:
    """Whether a zero date is how the source leaves the column empty."""
    return column.column.nullable and column.kind in (Kind.AT, Kind.DATE)


def _trouble(column: Described) -> str:
    name = quoted(column.name)
    match column.kind:
        case Kind.AT | Kind.DATE:
            # the cast, since IS NULL holds for a zero date in a column declared not null
            no_date = f"({name} + interval 0 microsecond is null and cast({name} as char) is not null)"
            return f"({name} + 0 <> 0 and {no_date})" if _may_be_zero(column) else no_date
        case Kind.TEXT:
            return f"coalesce(locate(0x00, cast(convert({name} using utf8mb4) as binary)) > 0, false)"
        case Kind.ID | Kind.INT | Kind.BOOL:
            low, high = _RANGES[column.kind]
            return f"coalesce({name} + 0 not between {low} and {high}, false)"
        case _:
            return "false"
