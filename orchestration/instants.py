"""Instants as people write them."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_as_of(text: str) -> datetime:
    """An instant from ISO 8601 text, in UTC unless it says otherwise; ValueError names what was given."""
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: write 2026-01-31 or 2026-01-31T06:00+01:00") from None
