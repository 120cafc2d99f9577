"""The reports that can be saved as queries: how each reads its parameters and how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

import psycopg

from exports.errors import InvalidParameter, close_matches
from exports.result import Column, GeneratedBy, StoredResult

# Each is imported when it is needed: the model of its parameters from `parameters`, its `ask` from `report`.
REPORTS = {
    "customer-dynamics": ("exports.reports.customer_dynamics", "CustomerDynamicsParameters"),
    "subscriber-metrics": ("exports.reports.subscriber_metrics", "SubscriberMetricsParameters"),
}
LIMITED_BY_COMPANY = {"customer-dynamics"}


@dataclass(frozen=True)
class Asked:
    """Checked parameters of a report as JSON values, without what was not asked, and the answer's columns."""

    values: dict[str, Any]
    columns: tuple[Column, ...]


def check_report(report: str) -> str:
    """The name; raises InvalidParameter naming the reports that can be saved."""
    if report not in REPORTS:
        raise InvalidParameter("report", f"unknown report {report!r}: {close_matches(report, REPORTS)}")
    return report


def read_parameters(report: str, values: Mapping[str, Any]) -> Asked:
    """The report's parameters, as it checks them itself; raises InvalidParameter."""
    parameters = _parameters(report, values)
    written = parameters.model_dump(mode="json", exclude_none=True)
    return Asked({name: value for name, value in written.items() if value != []}, tuple(parameters.columns))


def ask(
    connection: psycopg.Connection[Any],
    report: str,
    values: Mapping[str, Any],
    generated_by: GeneratedBy,
    as_of: datetime,
) -> StoredResult:
    """The report's answer, not yet stored. The connection must be idle; it is left so.

    Raises InvalidParameter, MissingRate and NotReady, as the report does.
    """
    package, _ = REPORTS[check_report(report)]
    parameters = _parameters(report, values)
    return import_module(f"{package}.report").ask(connection, parameters, generated_by, as_of)


def _parameters(report: str, values: Mapping[str, Any]) -> Any:
    package, model = REPORTS[check_report(report)]
    return getattr(import_module(f"{package}.parameters"), model).read(values)
