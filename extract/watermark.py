"""Where a load starts and what the next one may skip.

A watermark is the highest cursor value read so far, never above the run's `as_of`: a row stamped in the
future would otherwise hide everything that follows. A load starts the lag window below it.
"""

from datetime import UTC, datetime, timedelta

from extract.errors import NeverRetry
from extract.specification import SourceTable

Since = datetime | int | None


def since(table: SourceTable, watermark: str | None) -> Since:
    """The cursor value to read from, inclusive; None reads the whole table."""
    if table.cursor is None or watermark is None:
        return None
    try:
        if table.append_only:
            return max(int(watermark) - table.id_window, 0)
        return earlier(parse_instant(watermark), table.lag)
    except ValueError:
        raise NeverRetry(
            f"{table.source}.{table.name}: the stored watermark {watermark!r} cannot be read;"
            f" remove its row in raw_{table.source}.watermarks to load the table again"
        ) from None


def advanced(
    table: SourceTable, watermark: str | None, highest: datetime | int | None, as_of: datetime
) -> str | None:
    """The watermark after a load that read up to `highest`; it never moves back."""
    if table.cursor is None or highest is None:
        return watermark
    if isinstance(highest, int):
        return str(max(highest, int(watermark or 0)))
    return write_instant(later_of(watermark, min(highest, as_of)))


def later_of(watermark: str | None, instant: datetime) -> datetime:
    """The later of the two; a missing watermark is the earlier one."""
    return instant if watermark is None else max(parse_instant(watermark), instant)


def earlier(instant: datetime, lag: timedelta) -> datetime:
    """The instant less the lag; the first instant there is, where that lies before it."""
    first = datetime.min.replace(tzinfo=UTC)
    return instant - lag if instant - first > lag else first


def parse_instant(text: str) -> datetime:
    """An aware instant in UTC from the form that `write_instant` writes."""
    return datetime.fromisoformat(text).astimezone(UTC)


def write_instant(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
