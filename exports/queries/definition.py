"""What makes up a saved query: checked where it comes in, frozen inside."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from exports.charts.definition import Chart
from exports.delivery.smtp import check_address
from exports.errors import InvalidParameter, close_matches
from exports.queries.due import Schedule, check_cron
from exports.queries.reports import LIMITED_BY_COMPANY, read_parameters
from exports.render import PICTURES, check_format
from exports.time_zones import canonical_time_zone

VISIBILITIES = ("mine", "company", "all")
MISSED = ("catch_up", "tell")
USUAL_FORMATS = ("xlsx",)
LONGEST_TITLE = 200
MOST_RECIPIENTS = 200
# Control characters, halves of characters, and what ends a line: a title is a mail's subject as well.
NOT_IN_A_TITLE = {"Cc", "Cs", "Zl", "Zp"}

# What the command line calls each part, for messages.
ASKED_AS = {
    "company_id": "for-company",
    "formats": "format",
    "recipients": "send-to",
    "time_zone": "timezone",
    "is_paused": "paused",
}
# What pydantic expected, in the words of a YAML file.
KINDS = {
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


@dataclass(frozen=True, kw_only=True)
class QueryDefinition:
    """What a person says of a saved query.

    `parameters` are the report's as given, a relative interval still relative. `company_id` is the company
    whose branch limits what it shows (None: all companies). `chart` is what `Chart.read` takes.
    """

    title: str
    owner: str
    report: str
    parameters: Mapping[str, Any]
    visibility: str = "mine"
    company_id: int | None = None
    formats: tuple[str, ...] = USUAL_FORMATS
    chart: Mapping[str, Any] | None = None
    recipients: tuple[str, ...] = ()
    schedule: Schedule | None = None


@dataclass(frozen=True, kw_only=True)
class SavedQuery(QueryDefinition):
    """A saved query in one of its versions."""

    query_id: int
    version: int
    changed_at: datetime
    changed_by: str

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"saved query {self.query_id} {self.title!r}"


class ScheduleInput(BaseModel):
    """A schedule from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: Annotated[str, Field(min_length=1)]
    time_zone: Annotated[str, Field(min_length=1)]
    missed: Literal["catch_up", "tell"] = "catch_up"
    is_paused: bool = False

    @field_validator("cron")
    @classmethod
    def _is_due_some_day(cls, cron: str) -> str:
        return check_cron(cron)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return canonical_time_zone(name)


class SavedQueryInput(BaseModel):
    """A saved query from outside. `read` raises InvalidParameter in place of pydantic's error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    owner: str
    report: str
    parameters: dict[str, Any]
    visibility: Literal["mine", "company", "all"] = "mine"
    company_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    formats: tuple[str, ...] = USUAL_FORMATS
    chart: dict[str, Any] | None = None
    recipients: tuple[str, ...] = ()
    schedule: ScheduleInput | None = None

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> QueryDefinition:
        """The definition from outside values; raises InvalidParameter naming the first thing to mend."""
        try:
            return cls.model_validate(dict(values)).definition()
        except ValidationError as error:
            raise _first_fault(error) from None

    def definition(self) -> QueryDefinition:
        """The same, frozen."""
        schedule = self.schedule
        return QueryDefinition(
            title=self.title,
            owner=self.owner,
            report=self.report,
            parameters=self.parameters,
            visibility=self.visibility,
            company_id=self.company_id,
            formats=self.formats,
            chart=self.chart,
            recipients=self.recipients,
            schedule=None
            if schedule is None
            else Schedule(schedule.cron, schedule.time_zone, schedule.missed, schedule.is_paused),
        )

    @field_validator("title", "owner")
    @classmethod
    def _one_line(cls, text: str) -> str:
        kept = text.strip()
        if not kept or len(kept) > LONGEST_TITLE or any(map(_is_no_text, kept)):
            raise ValueError(f"one line of 1 to {LONGEST_TITLE} characters")
        return kept

    @field_validator("formats", mode="before")
    @classmethod
    def _known_formats(cls, names: Any) -> Any:
        if not isinstance(names, (list, tuple)):
            return names
        if not names:
            raise InvalidParameter("format", "format is empty: name one or more")
        given = cast("Sequence[object]", names)
        return tuple(dict.fromkeys(check_format(str(name)) for name in given))

    @field_validator("recipients", mode="after")
    @classmethod
    def _addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        by_folded: dict[str, str] = {}
        for address in addresses:
            kept = check_address(address)
            by_folded.setdefault(kept.casefold(), kept)
        if len(by_folded) > MOST_RECIPIENTS:
            raise InvalidParameter(
                "send-to", f"{len(by_folded)} recipients: at most {MOST_RECIPIENTS} get a result"
            )
        return tuple(by_folded.values())

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.visibility == "company" and self.company_id is None:
            raise InvalidParameter(
                "for-company", "visibility company is that of one company: name it with for-company"
            )
        asked = read_parameters(self.report, self.parameters)
        if self.company_id is not None and self.report not in LIMITED_BY_COMPANY:
            raise InvalidParameter(
                "for-company", f"{self.report} shows all subscribers: it cannot be limited to a company"
            )
        update: dict[str, Any] = {"parameters": asked.values}
        pictures = [name for name in self.formats if name in PICTURES]
        if pictures and self.chart is None:
            raise InvalidParameter("format", f"format {pictures[0]} is a picture of a chart: name a chart")
        if self.chart is not None:
            chart = Chart.read(self.chart)
            chart.columns_of(asked.columns)
            update["chart"] = {
                name: value for name, value in chart.as_json().items() if value not in (None, [])
            }
        # pydantic's own way to replace values of a frozen model in its last validator
        for name, value in update.items():
            object.__setattr__(self, name, value)
        return self


def _is_no_text(character: str) -> bool:
    return unicodedata.category(character) in NOT_IN_A_TITLE


def _first_fault(error: ValidationError) -> InvalidParameter:
    fault = error.errors(include_url=False)[0]
    place = [str(part) for part in fault["loc"] if not isinstance(part, int)]
    field = place[-1] if place else "saved query"
    name, given = ASKED_AS.get(field, field), fault["input"]
    match field, fault["type"]:
        case _, "missing":
            return InvalidParameter(name, f"{name} is mandatory")
        case _, "extra_forbidden":
            known = (ScheduleInput if len(place) > 1 else SavedQueryInput).model_fields
            return InvalidParameter(
                name, f"unknown part {field!r} of a saved query: {close_matches(field, known)}"
            )
        case "visibility", _:
            allowed = f"one of {', '.join(VISIBILITIES)}"
        case "missed", _:
            allowed = f"one of {', '.join(MISSED)}"
        case "company_id", _:
            allowed = "an id, a whole number from 1"
        case (("title" | "owner"), _):
            allowed = f"one line of 1 to {LONGEST_TITLE} characters"
        case _:
            allowed = KINDS.get(fault["type"], f"what it should be: {fault['msg'].lower()}")
    return InvalidParameter(name, f"{name} {given!r} is not {allowed}")
