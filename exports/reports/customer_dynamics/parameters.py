"""What may be asked of Customer Dynamics, and the columns that answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from exports.errors import InvalidParameter, close_matches
from exports.intervals import EARLIEST, INTERVALS, LATEST, check_interval_name
from exports.parameters import Id, asked, titles
from exports.result import Column, Kind
from exports.time_zones import canonical_time_zone

REPORT = "customer-dynamics"
TITLE = "Customer Dynamics"
CLIENT_TYPES = ("client", "reseller", "calling_card", "call_shop")
TIME_UNITS = ("year", "quarter", "month", "week", "date")
GROUPINGS = (*TIME_UNITS, "package")
Grouping = Literal["year", "quarter", "month", "week", "date", "package"]
LONGEST_ACTIVE_DURATION = 1200
WRITTEN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

BLOCKS = ("Active", "Overall Active", "All")


def _in_group(group: str, *columns: tuple[str, Kind]) -> tuple[Column, ...]:
    return tuple(Column(f"{group}: {name}", kind, group) for name, kind in columns)


CLIENT_COLUMNS = tuple(
    column
    for block in BLOCKS
    for column in _in_group(
        f"Clients - {block}",
        ("Qty", Kind.COUNT),
        ("Balance Pos", Kind.MONEY),
        ("Balance Neg", Kind.MONEY),
        ("Balance", Kind.MONEY),
    )
)
MOVEMENT_COLUMNS = (
    *_in_group("Balance Refill", ("Qty", Kind.COUNT), ("Total", Kind.MONEY), ("Avg", Kind.RATIO)),
    *_in_group("Pay as you Go", ("Total", Kind.MONEY), ("Active Avg", Kind.RATIO)),
    *_in_group(
        "Packages",
        ("Activation Qty", Kind.COUNT),
        ("Activation Total", Kind.MONEY),
        ("Renew Qty", Kind.COUNT),
        ("Renew Total", Kind.MONEY),
    ),
)
COLUMNS = (*CLIENT_COLUMNS, *MOVEMENT_COLUMNS)
GROUPING_COLUMNS = {
    "year": Column("Year", Kind.YEAR),
    "quarter": Column("Quarter", Kind.QUARTER),
    "month": Column("Month", Kind.MONTH),
    "week": Column("Week", Kind.WEEK),
    "date": Column("Date", Kind.DATE),
    "package": Column("Package Name", Kind.TEXT),
}


def _words(value: Any) -> Any:
    """One comma-separated string, or several, as their words."""
    if value is None:
        return ()
    parts = [value] if isinstance(value, str) else value
    return [word.strip().lower() for part in parts for word in str(part).split(",") if word.strip()]


class CustomerDynamicsParameters(BaseModel):
    """The question, checked as far as it can be without the warehouse.

    Either both dates (inclusive, local) or a named interval. Empty filters pass every customer; `tags` passes
    customers with any of them; `company_id` means that company and all below it. `read` raises
    InvalidParameter in place of pydantic's error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_date: Annotated[date | None, asked("from", "First day.", "DATE")] = None
    to_date: Annotated[date | None, asked("to", "Last day, included.", "DATE")] = None
    interval: Annotated[
        str | None, asked("interval", f"Instead of the first and last day: {INTERVALS}.", "NAME")
    ] = None
    time_zone: Annotated[str, asked("timezone", "Whose days count, as Europe/Kyiv.", "ZONE")]
    client_type: Annotated[
        Literal["client", "reseller", "calling_card", "call_shop"] | None,
        asked("client-type", "Only customers of this type."),
    ] = None
    tags: Annotated[tuple[str, ...], asked("tag", "Only customers with any of these tags.")] = ()
    company_id: Annotated[Id | None, asked("company", "Only this company and all below it, by id.")] = None
    owner_user_id: Annotated[Id | None, asked("owner", "Only customers of this owner, by id.")] = None
    package_id: Annotated[Id | None, asked("package", "Only holders of this package, by id.")] = None
    group_by: Annotated[
        frozenset[Grouping],
        BeforeValidator(_words),
        asked("group-by", f"One of {', '.join(TIME_UNITS)}; and package.", "NAMES"),
    ] = frozenset()
    currency: Annotated[str, asked("currency", "SUBDYN_REPORTING_CURRENCY unless given.")]
    active_duration_months: Annotated[
        int,
        Field(ge=1, le=LONGEST_ACTIVE_DURATION),
        asked("active-duration", "Months of paid use that make a client active."),
    ] = 1

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The parameters from outside values; raises InvalidParameter naming the first thing to mend."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _first_fault(error) from None

    @property
    def time_unit(self) -> str | None:
        """The time grouping asked for, if any."""
        return next((unit for unit in TIME_UNITS if unit in self.group_by), None)

    @property
    def by_package(self) -> bool:
        """Whether rows are grouped by package."""
        return "package" in self.group_by

    @property
    def columns(self) -> tuple[Column, ...]:
        """Grouping columns first, then every measure; amounts and averages bear the currency."""
        measures = (
            column if column.kind is Kind.COUNT else replace(column, currency=self.currency)
            for column in COLUMNS
        )
        return (*(GROUPING_COLUMNS[name] for name in GROUPINGS if name in self.group_by), *measures)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return canonical_time_zone(name)

    @field_validator("from_date", "to_date", mode="before")
    @classmethod
    def _date_as_written(cls, value: Any) -> Any:
        # pydantic would take a number for seconds since 1970
        is_written = isinstance(value, str) and WRITTEN_DATE.fullmatch(value.strip())
        if value is None or isinstance(value, date):
            return value
        if not is_written:
            raise ValueError("not a date")
        return value.strip()

    @field_validator("currency")
    @classmethod
    def _currency_code(cls, code: str) -> str:
        kept = code.strip().upper()
        if len(kept) != 3 or not kept.isascii() or not kept.isalpha():
            raise InvalidParameter(
                "currency", f"currency {code!r} is not a code of three letters such as USD"
            )
        return kept

    @field_validator("client_type", mode="before")
    @classmethod
    def _client_type(cls, name: Any) -> Any:
        if not isinstance(name, str):
            return name
        kept = name.strip().lower().replace("-", "_").replace(" ", "_")
        if kept not in CLIENT_TYPES:
            raise InvalidParameter(
                "client-type", f"unknown client type {name!r}: use {', '.join(CLIENT_TYPES)}"
            )
        return kept

    @field_validator("tags", mode="before")
    @classmethod
    def _tags(cls, tags: Any) -> Any:
        named = [tags] if isinstance(tags, str) else tags
        return tuple(dict.fromkeys(named or ()))

    @field_validator("interval")
    @classmethod
    def _known_interval(cls, name: str | None) -> str | None:
        return None if name is None else check_interval_name(name)

    @field_validator("group_by", mode="after")
    @classmethod
    def _one_time_unit(cls, names: frozenset[str]) -> frozenset[str]:
        units = [unit for unit in TIME_UNITS if unit in names]
        if len(units) > 1:
            raise InvalidParameter(
                "group-by", f"group-by takes one of {', '.join(TIME_UNITS)}, not {' and '.join(units)}"
            )
        return names

    @field_serializer("group_by")
    def _groupings_in_order(self, names: frozenset[str]) -> list[str]:
        return [name for name in GROUPINGS if name in names]

    @model_validator(mode="after")
    def _one_interval(self) -> Self:
        dates = (self.from_date, self.to_date)
        if self.interval is not None:
            if dates != (None, None):
                raise InvalidParameter("interval", "give either an interval or from and to, not both")
            return self
        if self.from_date is None or self.to_date is None:
            raise InvalidParameter(
                "from", "an interval is mandatory: give from and to, or an interval such as last-month"
            )
        if self.to_date < self.from_date:
            raise InvalidParameter("to", f"to {self.to_date} lies before from {self.from_date}")
        for name, day in (("from", self.from_date), ("to", self.to_date)):
            if not EARLIEST <= day <= LATEST:
                raise InvalidParameter(name, f"{name} {day} lies outside {EARLIEST} .. {LATEST}")
        return self


def _first_fault(error: ValidationError) -> InvalidParameter:
    fault = error.errors(include_url=False)[0]
    place = str(fault["loc"][0]) if fault["loc"] else "parameters"
    name = titles(CustomerDynamicsParameters).get(place, place)
    given = fault["input"]
    match place, fault["type"]:
        case _, "missing":
            return InvalidParameter(name, f"{name} is mandatory")
        case "active_duration_months", _:
            allowed = f"a whole number of months from 1 to {LONGEST_ACTIVE_DURATION}"
        case (("from_date" | "to_date"), _):
            allowed = "a date written YYYY-MM-DD"
        case (("company_id" | "owner_user_id" | "package_id"), _):
            allowed = "an id, a whole number from 1"
        case "group_by", _:
            allowed = f"one of {', '.join(GROUPINGS)}"
        case _, "extra_forbidden":
            return InvalidParameter(
                name,
                f"unknown parameter {name!r}: {close_matches(name, CustomerDynamicsParameters.model_fields)}",
            )
        case _:
            allowed = fault["msg"]
    return InvalidParameter(name, f"{name} {given!r} is not {allowed}")
