"""Everything that a chart shows, read from a stored result once: pictures and workbooks draw the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar

from exports.charts.definition import Chart, ChartType
from exports.render.info import decimals_shown, interval_text
from exports.render.sheet import NOT_IN_XML
from exports.result import Cell, Column, Kind, StoredResult, key_column_count, written

Value = int | Decimal | None
Key = TypeVar("Key", bound=Cell)
WHOLE = "Whole interval"
NO_NAME = "(none)"
NO_VALUES = "no values"
# Okabe and Ito's colours, which people of every colour vision tell apart; yellow, the palest, comes last.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
# As many as there are colours that everybody can tell apart; names beside which a bar can be read.
MOST_SERIES = len(PALETTE)
MOST_NAMES = 40
MOST_TICKS = {
    Kind.DATE: 9,
    Kind.WEEK: 10,
    Kind.MONTH: 12,
    Kind.NAMED_MONTH: 10,
    Kind.QUARTER: 12,
    Kind.YEAR: 15,
}
REGULAR_MONTHS: tuple[Callable[[date], bool], ...] = (
    lambda day: day.day == 1 and day.month in (1, 4, 7, 10),
    lambda day: (day.month, day.day) == (1, 1),
)
REGULAR_DAYS: tuple[Callable[[date], bool], ...] = (
    lambda day: day.isoweekday() == 1,
    lambda day: day.day == 1,
    *REGULAR_MONTHS,
)
# Up to so many places each value has its own dot.
MOST_DOTS = 40


@dataclass(frozen=True)
class Series:
    """One line, or one colour of columns: a value, or none, for each place of the axis."""

    name: str
    values: tuple[Value, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it has no value at all."""
        return all(value is None for value in self.values)


@dataclass(frozen=True)
class Panel:
    """The series of one unit, over an axis of their own; amounts have that many decimals."""

    unit: str
    decimals: int
    series: tuple[Series, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(series.is_empty for series in self.series)


@dataclass(frozen=True)
class Drawing:
    """A chart of one result. `places` are the labels of its axis in order, `ticks` those that are written."""

    title: str
    subtitle: str
    type: ChartType
    place_title: str
    places: tuple[str, ...]
    ticks: tuple[str, ...]
    series_title: str
    panels: tuple[Panel, ...]


def draw(result: StoredResult, chart: Chart) -> Drawing:
    """The chart of that result, without its Total; a panel per unit of its columns.

    Where there are more series than eyes distinguish, the largest are shown and the subtitle says so. Raises
    InvalidParameter for a column that the result does not have.
    """
    columns = chart.columns_of(result.columns)
    table = _Table(result, columns)
    title = chart.title or ", ".join(result.columns[number].label for number in columns)
    return Drawing(
        title=shown(title),
        subtitle=shown("  ·  ".join((interval_text(result), *table.left_out()))),
        type=chart.type or table.usual_type(),
        place_title=table.place_title(),
        places=tuple(label for _, label in table.places),
        ticks=table.ticks(),
        series_title=table.series_title(),
        panels=tuple(table.panels()),
    )


def shown(text: str) -> str:
    """The text on one line; characters that no picture can hold become U+FFFD."""
    return NOT_IN_XML.sub("\ufffd", " ".join(text.split()))


class _Table:
    """A result's rows by place and name: times are places and names series, names alone are places."""

    def __init__(self, result: StoredResult, columns: Sequence[int]) -> None:
        self._result = result
        self._columns = columns
        keys = range(key_column_count(result.columns))
        self._time = next((number for number in keys if result.columns[number].kind.is_period), None)
        self._naming = [number for number in keys if number != self._time]
        rows = result.rows[:-1] if result.has_total else result.rows
        self._rows = self._by_place_and_name(rows)
        places: list[Cell] = list(dict.fromkeys(place for place, _ in self._rows))
        names = list(dict.fromkeys(name for _, name in self._rows))
        # one subscriber's months come newest first
        self._all_places = sorted(places, key=str) if self._time is not None else places
        self._all_names = names
        self._names = self._largest(names, 1, max(1, MOST_SERIES // len(columns)))
        largest = self._largest(self._all_places, 0, MOST_NAMES) if self._time is None else self._all_places
        self.places = [(place, self._place_label(place)) for place in largest]

    def panels(self) -> list[Panel]:
        """One for each unit, in the columns' order."""
        by_unit: dict[tuple[str | None, bool], list[int]] = {}
        for number in self._columns:
            column = self._result.columns[number]
            by_unit.setdefault((column.currency, column.kind is Kind.COUNT), []).append(number)
        return [self._panel(numbers) for numbers in by_unit.values()]

    def usual_type(self) -> ChartType:
        """A line over time, bars beside names, a column for one value."""
        if self._time is not None:
            return ChartType.LINE
        return ChartType.BAR if self._naming else ChartType.COLUMN

    def place_title(self) -> str:
        """The head of the axis; of times with the zone in which they were cut."""
        if self._time is None:
            return self._naming_title()
        zone = self._result.parameters.get("time_zone") or self._result.asked_interval.time_zone
        return shown(f"{self._result.columns[self._time].label}, {zone}")

    def series_title(self) -> str:
        """What the names of the series are."""
        return self._naming_title() if self._time is not None else ""

    def ticks(self) -> tuple[str, ...]:
        """The labels that there is room to write: of many days their Mondays, months, quarters or years."""
        if self._time is None:
            return tuple(label for _, label in self.places)
        kind = self._result.columns[self._time].kind
        return tuple(label for _, label in _thinned(self.places, kind))

    def left_out(self) -> list[str]:
        """What is not shown, if anything."""
        notes: list[str] = []
        if len(self._names) < len(self._all_names):
            notes.append(f"the {len(self._names)} largest of {len(self._all_names)}")
        if len(self.places) < len(self._all_places):
            notes.append(f"the {len(self.places)} largest of {len(self._all_places)}")
        return notes

    def _by_place_and_name(
        self, rows: Sequence[tuple[Cell, ...]]
    ) -> Mapping[tuple[Cell, str], tuple[Cell, ...]]:
        met: Counter[tuple[Cell, str]] = Counter()
        found: dict[tuple[Cell, str], tuple[Cell, ...]] = {}
        for row in rows:
            name = " ".join(filter(None, (self._written(row, number) for number in self._naming)))
            name = shown(name) or (NO_NAME if self._naming else "")
            place = name if self._time is None else row[self._time]
            met[place, name] += 1
            if met[place, name] > 1:
                name = f"{name} ({met[place, name]})"
                place = name if self._time is None else place
            found[place, "" if self._time is None else name] = row
        return found

    def _written(self, row: Sequence[Cell], number: int) -> str:
        return written(row[number], self._result.columns[number].kind)

    def _largest(self, keys: list[Key], part: Literal[0, 1], most: int) -> list[Key]:
        """Those with the largest amounts of the first column, in their order."""
        if len(keys) <= most:
            return keys
        sizes: dict[Cell, Decimal] = defaultdict(Decimal)
        for key, row in self._rows.items():
            sizes[key[part]] += abs(_value(row[self._columns[0]]) or 0)
        largest = set(sorted(keys, key=lambda key: -sizes[key])[:most])
        return [key for key in keys if key in largest]

    def _panel(self, numbers: Sequence[int]) -> Panel:
        columns = [self._result.columns[number] for number in numbers]
        series: list[Series] = []
        for name in self._names or [""]:
            for number, column in zip(numbers, columns, strict=True):
                values = tuple(self._at(place, name, number) for place, _ in self.places)
                series.append(Series(self._series_name(name, column), values))
        return Panel(_unit(columns), _decimals(columns[0]), tuple(series))

    def _at(self, place: Cell, name: str, number: int) -> Value:
        row = self._rows.get((place, name))
        if row is not None:
            return _value(row[number])
        # a report leaves out rows in which everything is zero or empty
        return None if self._result.columns[number].kind is Kind.RATIO else 0

    def _series_name(self, name: str, column: Column) -> str:
        if not name:
            return shown(column.label)
        return name if len(self._columns) == 1 else f"{name} · {shown(column.label)}"

    def _place_label(self, place: Cell) -> str:
        if self._time is not None:
            return written(place, self._result.columns[self._time].kind)
        return str(place) or WHOLE

    def _naming_title(self) -> str:
        return shown(", ".join(self._result.columns[number].label for number in self._naming))


def _value(cell: Cell) -> Value:
    return cell if isinstance(cell, (int, Decimal)) else None


def _unit(columns: Sequence[Column]) -> str:
    """The currency, or what is counted."""
    if columns[0].currency is not None:
        return columns[0].currency
    return shown(columns[0].label_in_group) if len(columns) == 1 else "Number"


def _decimals(column: Column) -> int:
    return 0 if column.kind is Kind.COUNT else decimals_shown(column)


def _thinned(places: Sequence[tuple[Cell, str]], kind: Kind) -> Sequence[tuple[Cell, str]]:
    """Those that there is room for: at regular days of the calendar, else every so many."""
    most = MOST_TICKS[kind]
    if len(places) <= most:
        return places
    for rule in REGULAR_DAYS if kind is Kind.DATE else REGULAR_MONTHS:
        regular = [place for place in places if isinstance(place[0], date) and rule(place[0])]
        if 1 < len(regular) <= most:
            return regular
    return places[:: -(-len(places) // most)]
