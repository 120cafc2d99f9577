"""What may be asked of the subscriber metrics and of a month's evidence, and the columns that answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_serializer, field_validator

from exports.errors import InvalidParameter
from exports.months import parse_month
from exports.parameters import Id, asked, titles
from exports.result import Column, Kind

REPORT = "subscriber-metrics"
EVIDENCE_REPORT = "seat-evidence"
TITLE_OF_ALL = "Subscriber metrics"
TITLE_OF_ONE = "Metrics history"
TITLE_OF_EVIDENCE = "Seat evidence"
EACH_OWN_ZONE = "each subscriber's own time zone"


@dataclass(frozen=True)
class Metric:
    """One metric: its column in the marts, its label on a subscriber's own sheet, its head in a grid."""

    column: str
    label: str
    short_label: str
    kind: Kind = Kind.COUNT


METRICS = (
    Metric("super_users", "Super users", "Super"),
    Metric("enabled_staff", "Enabled staff", "En. staff"),
    Metric("active_staff", "Active staff", "Ac. staff"),
    Metric("enabled_managers", "Enabled managers", "En. mgrs"),
    Metric("active_managers", "Active managers", "Ac. mgrs"),
    Metric("enabled_reps", "Enabled reps", "En. reps"),
    Metric("active_reps", "Active reps", "Ac. reps"),
    Metric("concurrent_max", "Concurrent max", "Conc. max"),
    Metric("concurrent_max_at", "When", "When", Kind.TIMESTAMP),
    Metric("logon_minutes", "Logon time", "Minutes"),
    Metric("file_limit_mb", "File limit", "File limit"),
    Metric("commission_items", "Comm. items", "Items"),
    Metric("process_fields", "Process fields", "Fields"),
)
METRIC_COLUMNS = tuple(Column(metric.short_label, metric.kind) for metric in METRICS)
STATUS = Column("Status", Kind.TEXT)
COLUMNS_OF_ALL = (Column("Subscriber", Kind.TEXT), Column("ID", Kind.TEXT), *METRIC_COLUMNS, STATUS)
COLUMNS_OF_ONE = (Column("Month", Kind.NAMED_MONTH), *METRIC_COLUMNS, STATUS)
# Metric rows hold a value; below each stand the lines that it is the sum of.
COLUMNS_OF_EVIDENCE = (
    Column("Item", Kind.TEXT),
    Column("Value", Kind.COUNT),
    Column("User", Kind.TEXT),
    Column("User ID", Kind.TEXT),
    Column("Type", Kind.TEXT),
    Column("Quantity", Kind.COUNT),
    Column("Unit", Kind.TEXT),
    Column("Fact", Kind.TEXT),
    Column("From", Kind.TIMESTAMP),
    Column("To", Kind.TIMESTAMP),
    Column("Logon IDs", Kind.TEXT),
)

RELATIVE_MONTHS = ("this-month", "last-month")


class SubscriberMetricsParameters(BaseModel):
    """The question: a month (its first day; None: the newest) of all subscribers, or all months of one.

    With both, that month of that subscriber. A relative month is resolved when the report is asked. `read`
    raises InvalidParameter in place of pydantic's error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    month: Annotated[
        date | Literal["this-month", "last-month"] | None,
        asked(
            "month",
            "YYYY-MM, this-month or last-month: the newest unless given, all of them with a subscriber.",
            "MONTH",
        ),
    ] = None
    subscriber_id: Annotated[
        Id | None, asked("subscriber", "All months of this subscriber, newest first.", "ID")
    ] = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the grid that answers."""
        return COLUMNS_OF_ALL if self.subscriber_id is None else COLUMNS_OF_ONE

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The parameters from outside values; raises InvalidParameter naming the first thing to mend."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _first_fault(error) from None

    @field_validator("month", mode="before")
    @classmethod
    def _month(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        kept = value.strip().lower().replace("_", "-").replace(" ", "-")
        return kept if kept in RELATIVE_MONTHS else parse_month(value)

    @field_serializer("month")
    def _month_as_written(self, month: date | str | None) -> str | None:
        return f"{month:%Y-%m}" if isinstance(month, date) else month


class SeatEvidenceParameters(BaseModel):
    """The question: one subscriber's month. `read` raises InvalidParameter in place of pydantic's error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscriber_id: Annotated[Id, asked("subscriber", "The subscriber to be invoiced.", "ID")]
    month: Annotated[date, asked("month", "The month to be invoiced.", "YYYY-MM")]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The parameters from outside values; raises InvalidParameter naming the first thing to mend."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _first_fault(error) from None

    @field_validator("month", mode="before")
    @classmethod
    def _month(cls, value: Any) -> Any:
        return parse_month(value) if isinstance(value, str) else value


def _first_fault(error: ValidationError) -> InvalidParameter:
    """The first of pydantic's complaints, in the words of the command line."""
    fault = error.errors()[0]
    name = str(fault["loc"][0]) if fault["loc"] else "parameters"
    asked_as = titles(SubscriberMetricsParameters).get(name, name)
    return InvalidParameter(asked_as, f"{asked_as} {fault.get('input')!r}: {fault['msg'].lower()}")
