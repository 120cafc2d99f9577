"""What may be asked of the seat evidence, and the columns that answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from exports.months import parse_month
from exports.reports.subscriber_metrics.definition import SubscriberId, first_fault
from exports.result import Column, Kind

REPORT = "seat-evidence"
TITLE = "Seat evidence"
# Metric rows hold a value; below each stand the lines that it is the sum of.
COLUMNS = (
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


class SeatEvidenceParameters(BaseModel):
    """The question: one subscriber's month. `read` raises InvalidParameter in place of pydantic's error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscriber_id: SubscriberId
    month: date

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """The parameters from outside values; raises InvalidParameter naming the first thing to mend."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise first_fault(error) from None

    @field_validator("month", mode="before")
    @classmethod
    def _month(cls, value: Any) -> Any:
        return parse_month(value) if isinstance(value, str) else value
