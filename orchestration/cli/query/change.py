"""`subdyn query save` and `subdyn query change`."""

from __future__ import annotations

import sys
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.query import options
from orchestration.cli.query.options import (
    PARAMETERS_OF_REPORTS,
    cleared,
    current_user,
    now,
    warehouse,
    words,
)
from orchestration.cli.report.options import takes
from orchestration.cli.report.output import (
    ChartColumnOption,
    ChartOption,
    ChartTitleOption,
    ChartTypeOption,
    read_chart,
)
from orchestration.cli.terminal import write_line

if TYPE_CHECKING:
    from exports.queries.definition import SavedQuery


@takes(*PARAMETERS_OF_REPORTS, needed=False)
def save(
    title: Annotated[str, options.TITLE],
    report: Annotated[str, options.REPORT],
    asked: dict[str, Any],
    visibility: Annotated[str, options.VISIBILITY] = "mine",
    for_company: Annotated[int | None, options.FOR_COMPANY] = None,
    query_owner: Annotated[str | None, options.QUERY_OWNER] = None,
    formats: Annotated[str | None, options.FORMAT] = None,
    send_to: Annotated[list[str] | None, options.SEND_TO] = None,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
) -> None:
    """Keep a report's question under a title, relative intervals as they are; its number on stdout."""
    from exports.queries import store
    from exports.queries.definition import SavedQueryInput
    from orchestration.settings import load_settings

    by = current_user()
    if report == "customer-dynamics":
        asked = {"currency": load_settings().reporting_currency} | asked
    definition = SavedQueryInput.read(
        {
            "title": title,
            "owner": by.name if query_owner is None else query_owner,
            "report": report,
            "parameters": asked,
            "visibility": visibility,
            "company_id": for_company,
            "chart": _chart(chart, chart_column, chart_type, chart_title),
            "recipients": tuple(send_to or ()),
            **({"formats": words(formats)} if formats else {}),
        }
    )
    with warehouse() as connection:
        query = store.save(connection, definition, by, now())
    write_line(str(query.query_id))
    _tell(query)


@takes(*PARAMETERS_OF_REPORTS, needed=False)
def change(
    query: Annotated[str, options.NAME],
    asked: dict[str, Any],
    version: Annotated[int | None, options.VERSION] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="OPTION", help="What it shall be without, as --clear tag; may be repeated."),
    ] = None,
    title: Annotated[str | None, options.TITLE] = None,
    visibility: Annotated[str | None, options.VISIBILITY] = None,
    for_company: Annotated[int | None, options.FOR_COMPANY] = None,
    query_owner: Annotated[str | None, options.QUERY_OWNER] = None,
    formats: Annotated[str | None, options.FORMAT] = None,
    send_to: Annotated[list[str] | None, options.SEND_TO] = None,
    chart: ChartOption = None,
    chart_column: ChartColumnOption = None,
    chart_type: ChartTypeOption = None,
    chart_title: ChartTitleOption = None,
) -> None:
    """Write a new version of a saved query: what is given changes, the rest stays."""
    from exports.queries import store
    from exports.queries.definition import SavedQueryInput

    parts = {
        "title": title,
        "visibility": visibility,
        "company_id": for_company,
        "owner": query_owner,
        "formats": words(formats) or None,
        "recipients": tuple(send_to) if send_to else None,
        "chart": _chart(chart, chart_column, chart_type, chart_title),
    }
    by = current_user()
    with warehouse() as connection:
        known = store.find(connection, query, by)
        values = as_input(known)
        parameters = dict(known.parameters)
        values |= cleared(clear or (), parameters)
        if asked.keys() & {"interval", "from_date", "to_date"}:
            # a relative interval takes the place of dates, and dates that of an interval
            out = ("from_date", "to_date") if "interval" in asked else ("interval",)
            parameters = {name: value for name, value in parameters.items() if name not in out}
        values |= {name: value for name, value in parts.items() if value is not None}
        definition = SavedQueryInput.read({**values, "parameters": parameters | asked})
        written = store.change(connection, known.query_id, version or known.version, definition, by, now())
    _tell(written)


def as_input(query: SavedQuery) -> dict[str, Any]:
    """The query as `SavedQueryInput.read` takes it."""
    from exports.queries.definition import QueryDefinition

    values = {part.name: getattr(query, part.name) for part in fields(QueryDefinition)}
    if query.schedule is not None:
        values["schedule"] = {
            part.name: getattr(query.schedule, part.name) for part in fields(query.schedule)
        }
    return values


def _chart(*given: Any) -> dict[str, Any] | None:
    chart = read_chart(*given)
    return None if chart is None else chart.as_json()


def _tell(query: SavedQuery) -> None:
    write_line(f"{query.name}, version {query.version}", sys.stderr)
