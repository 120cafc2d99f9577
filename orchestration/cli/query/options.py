"""What a saved query is made up of, as options; what its report is asked is made by report/options.py."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from exports.parameters import titles
from exports.reports.customer_dynamics.parameters import CustomerDynamicsParameters
from exports.reports.subscriber_metrics.parameters import SubscriberMetricsParameters
from orchestration.cli.exits import BadInput
from orchestration.cli.installation import open_installation

if TYPE_CHECKING:
    import psycopg

    from exports.result import GeneratedBy

NAME = typer.Argument(metavar="QUERY", help="Its number, or its title.")
TITLE = typer.Option(metavar="TEXT", help="What it is called; one owner has each title once.")
REPORT = typer.Option(metavar="NAME", help="customer-dynamics or subscriber-metrics.")
VISIBILITY = typer.Option(metavar="WHO", help="Who else sees it: mine (nobody), company or all.")
FOR_COMPANY = typer.Option(
    "--for-company", metavar="ID", help="The company whose people see it and whose branch limits it."
)
QUERY_OWNER = typer.Option("--query-owner", metavar="LOGIN", help="Whose it is; yours unless given.")
FORMAT = typer.Option("--format", metavar="NAMES", help="Formats of its files, separated by commas.")
SEND_TO = typer.Option("--send-to", metavar="ADDRESS", help="Who gets its results; may be repeated.")
VERSION = typer.Option(
    metavar="N", min=1, help="The version that you saw: refused where somebody changed it since."
)

PARAMETERS_OF_REPORTS = (CustomerDynamicsParameters, SubscriberMetricsParameters)
# Each parameter of the reports by its option.
PARAMETERS = {title: name for model in PARAMETERS_OF_REPORTS for name, title in titles(model).items()}
# Parts beside the parameters that can be cleared, and what is left then.
CLEARABLE: Mapping[str, tuple[str, Any]] = {
    "send-to": ("recipients", ()),
    "chart": ("chart", None),
    "for-company": ("company_id", None),
}


def current_user() -> GeneratedBy:
    """Who sits at the command line: a person with the warehouse's URL may do everything."""
    from exports.result import GeneratedBy

    return GeneratedBy(getpass.getuser(), "administrator")


def now() -> datetime:
    """The moment of the command."""
    return datetime.now(UTC)


@contextmanager
def warehouse() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the migrated warehouse."""
    import psycopg

    with (
        open_installation() as settings,
        psycopg.connect(settings.warehouse(), autocommit=True) as connection,
    ):
        yield connection


def words(texts: str | Sequence[str] | None) -> tuple[str, ...]:
    """The words of one or several texts, separated by commas."""
    given = [texts] if isinstance(texts, str) else texts or ()
    return tuple(word.strip().lower() for text in given for word in text.split(",") if word.strip())


def cleared(names: Sequence[str], parameters: dict[str, Any]) -> dict[str, Any]:
    """Take the named parameters away; what becomes of the named other parts."""
    parts: dict[str, Any] = {}
    for name in names:
        if name in PARAMETERS:
            parameters.pop(PARAMETERS[name], None)
        elif name in CLEARABLE:
            part, value = CLEARABLE[name]
            parts[part] = value
        else:
            raise BadInput(f"--clear {name}: use {', '.join((*PARAMETERS, *CLEARABLE))}")
    return parts
