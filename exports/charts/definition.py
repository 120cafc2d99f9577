"""What a chart shows of a result: a template's column or columns of one's own, its type and its title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Self, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from exports.errors import InvalidParameter, close_matches
from exports.result import Column

BLANK = "Blank"
# Named after their one column; Blank has those that are named with it.
TEMPLATES = (
    "Clients - Active: Qty",
    "Balance Refill: Total",
    "Pay as you Go: Total",
    "Packages: Renew Total",
    BLANK,
)
# Charts of more columns than that have no colours left to tell them apart.
MOST_COLUMNS = 8
LONGEST_TITLE = 200


class ChartType(StrEnum):
    """How values are drawn; stacked columns and areas stand one on the other."""

    LINE = "line"
    COLUMN = "column"
    STACKED_COLUMN = "stacked-column"
    AREA = "area"
    BAR = "bar"

    @property
    def is_stacked(self) -> bool:
        """Whether series stand one on the other."""
        return self in (ChartType.STACKED_COLUMN, ChartType.AREA)


def _type_name(value: Any) -> Any:
    return "-".join(value.lower().split()) if isinstance(value, str) else value


class Chart(BaseModel):
    """A chart's definition. `read` raises InvalidParameter in place of pydantic's error.

    Without a type, values over time are a line and values by name bars. Without a title, it is the columns'.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str = BLANK
    columns: tuple[str, ...] = ()
    type: Annotated[ChartType | None, BeforeValidator(_type_name)] = None
    title: Annotated[str | None, Field(min_length=1, max_length=LONGEST_TITLE)] = None

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The chart from outside values; raises InvalidParameter naming the first thing to mend."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _first_fault(error) from None

    def as_json(self) -> dict[str, Any]:
        """The definition as JSON values, for `read`."""
        return self.model_dump(mode="json")

    @property
    def labels(self) -> tuple[str, ...]:
        """The whole heads of the columns that it shows."""
        return self.columns if self.template == BLANK else (self.template,)

    def columns_of(self, columns: Sequence[Column]) -> list[int]:
        """Where its columns stand among those.

        Raises InvalidParameter for one that is not there or holds no numbers.
        """
        return [_find(label, columns) for label in self.labels]

    @field_validator("template")
    @classmethod
    def _known_template(cls, name: str) -> str:
        known = {template.casefold(): template for template in (*TEMPLATES, "Blank Chart")}
        found = known.get(" ".join(name.split()).casefold())
        if found is None:
            raise InvalidParameter(
                "chart",
                f"unknown chart {name!r}: {close_matches(name, TEMPLATES)}",
            )
        return BLANK if found == "Blank Chart" else found

    @field_validator("columns", mode="before")
    @classmethod
    def _distinct(cls, columns: Any) -> Any:
        if isinstance(columns, str):
            return (columns,)
        if isinstance(columns, (list, tuple)):
            return tuple(dict.fromkeys(cast("Sequence[Any]", columns)))
        return columns

    @model_validator(mode="after")
    def _columns_belong_to_blank(self) -> Self:
        if self.template == BLANK and not self.columns:
            raise InvalidParameter(
                "chart", "the Blank chart shows the columns that you name: name one or more"
            )
        if self.template != BLANK and self.columns:
            raise InvalidParameter(
                "chart", f"the chart {self.template!r} has its own column; for others use the chart Blank"
            )
        if len(self.columns) > MOST_COLUMNS:
            raise InvalidParameter("chart", f"a chart shows at most {MOST_COLUMNS} columns")
        return self


def _find(label: str, columns: Sequence[Column]) -> int:
    wanted = " ".join(label.split()).casefold()
    measures = [column.label for column in columns if column.is_measure]
    for number, column in enumerate(columns):
        if column.label.casefold() == wanted:
            if column.is_measure:
                return number
            raise InvalidParameter("chart", f"chart: column {column.label!r} holds no numbers to draw")
    raise InvalidParameter(
        "chart", f"chart: no column {label!r} in this report: {close_matches(label, measures)}"
    )


def _first_fault(error: ValidationError) -> InvalidParameter:
    fault = error.errors(include_url=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else "definition"
    if fault["type"] == "extra_forbidden":
        return InvalidParameter(
            "chart", f"chart: unknown {name!r}: {close_matches(name, Chart.model_fields)}"
        )
    if name == "type":
        return InvalidParameter(
            "chart", f"chart type {fault['input']!r} is not one of {', '.join(ChartType)}"
        )
    return InvalidParameter("chart", f"chart {name} {fault['input']!r}: {fault['msg'].lower()}")
