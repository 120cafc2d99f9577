"""Deliveries as they are listed: what, when, in which state, and each mail of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from exports.delivery.outbox import Mail, mails


@dataclass(frozen=True)
class ListedDelivery:
    """A delivery with its mails; `title` is the saved query's, or that of a result sent by hand."""

    delivery_id: int
    query_id: int | None
    title: str
    due_at: datetime | None
    requested_at: datetime
    requested_by: str
    state: str
    reason: str | None
    released_by: str | None
    result_id: str | None
    mails: tuple[Mail, ...] = ()


def find_deliveries(
    connection: psycopg.Connection[Any], state: str | None = None, limit: int = 50
) -> list[ListedDelivery]:
    """The newest deliveries, newest first; of one state, or `unknown`: those with a mail of that state."""
    found = (
        connection.cursor(row_factory=class_row(ListedDelivery))
        .execute(
            """
            select
                delivery.delivery_id, delivery.query_id,
                coalesce(query.title, result.content->>'title', '') as title,
                delivery.due_at, delivery.requested_at, delivery.requested_by, delivery.state,
                delivery.reason, delivery.released_by, delivery.result_id
            from app.deliveries as delivery
            left join app.saved_queries as query on delivery.query_id = query.query_id
            left join app.report_results as result
                on delivery.result_id = result.result_id and delivery.query_id is null
            where
                %(state)s::text is null
                or delivery.state = %(state)s
                or exists (
                    select 1 from app.outbox as mail
                    where mail.delivery_id = delivery.delivery_id and mail.state = %(state)s
                        and %(state)s = 'unknown'
                )
            order by delivery.requested_at desc, delivery.delivery_id desc
            limit %(limit)s
            """,
            {"state": state, "limit": limit},
        )
        .fetchall()
    )
    of_all = mails(connection, [delivery.delivery_id for delivery in found])
    return [
        replace(delivery, mails=tuple(mail for mail in of_all if mail.delivery_id == delivery.delivery_id))
        for delivery in found
    ]
