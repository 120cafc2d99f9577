"""Saved queries for tests: what a person would say, and a migrated database to keep it in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from exports.queries.definition import QueryDefinition, SavedQueryInput
from exports.result import GeneratedBy

ANNA = GeneratedBy("anna", "analyst")
BORIS = GeneratedBy("boris", "analyst")
ADMINISTRATOR = GeneratedBy("root", "administrator")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARAMETERS: Mapping[str, Any] = {
    "interval": "last-month",
    "time_zone": "Europe/Kyiv",
    "currency": "EUR",
    "group_by": "month",
}


def definition(title: str = "Clients of last month", **parts: Any) -> QueryDefinition:
    """A query of Anna's, with further parts."""
    return SavedQueryInput.read(
        {"title": title, "owner": "anna", "report": "customer-dynamics", "parameters": PARAMETERS, **parts}
    )


def scheduled(
    cron: str, zone: str = "UTC", title: str = "Clients of last month", **parts: Any
) -> QueryDefinition:
    """The same with a schedule."""
    schedule = {"cron": cron, "time_zone": zone, **parts.pop("schedule", {})}
    return definition(title, schedule=schedule, **parts)


def due_rows(url: str) -> list[tuple[str, str, str]]:
    """Title, due time in UTC and state of every delivery, by due time and title."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            """
            select
                query.title, to_char(delivery.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), delivery.state
            from app.deliveries as delivery
            inner join app.saved_queries as query on delivery.query_id = query.query_id
            order by delivery.due_at, query.title
            """
        )
        return found.fetchall()
