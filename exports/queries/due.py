"""When a cron expression in a time zone is due, and what becomes of due times that passed while nothing ran.

Written for fixed times of day, minutes and hours that do not begin with a star: one that the local clock
skips is due at the first instant after the gap, one that comes twice is due once, at the first. Where minutes
or hours begin with a star, the schedule follows the clock on the wall: what is skipped is left out, what
comes twice is due twice. This is what the cron of Debian does, and cronsim with it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from exports.errors import InvalidParameter

FIELDS = 5
LONGEST_CRON = 200
# Every expression that is ever due is so within 50 years of this instant.
SEEN_FROM = datetime(2000, 1, 1, tzinfo=UTC)
MOST_MADE_UP = 31
ON_TIME = timedelta(hours=1)


@dataclass(frozen=True)
class Schedule:
    """When a saved query is due; `missed` says what becomes of due times that passed while nothing ran."""

    cron: str
    time_zone: str
    missed: str = "catch_up"
    is_paused: bool = False


@dataclass(frozen=True)
class DueTime:
    """A due time and what becomes of it: `due`, or `missed` with the reason."""

    due_at: datetime
    state: str = "due"
    reason: str | None = None


def check_cron(cron: str) -> str:
    """The expression with single spaces; raises InvalidParameter where it has no meaning or is never due."""
    kept = " ".join(cron.split())
    if len(kept.split()) != FIELDS or len(kept) > LONGEST_CRON:
        raise InvalidParameter(
            "cron",
            f"cron {cron!r} is not of five fields: minute hour day-of-month month day-of-week, as 0 8 * * *",
        )
    try:
        next(CronSim(kept, SEEN_FROM))
    except CronSimError as error:
        raise InvalidParameter("cron", _refusal(kept, str(error))) from None
    except StopIteration:
        raise InvalidParameter("cron", f"cron {kept!r} is never due: no year has such a day") from None
    return kept


def due_times(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """The due times after that instant, without an end, in order and in UTC."""
    latest = after
    for local in CronSim(cron, after.astimezone(ZoneInfo(time_zone))):
        instant = local.astimezone(UTC)
        # of an hour that comes twice cronsim gives the first, though `after` may lie in the second
        if instant > latest:
            latest = instant
            yield instant


def due_until(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """The due times after one instant and up to another, included."""
    return takewhile(lambda due_at: due_at <= until, due_times(schedule.cron, schedule.time_zone, after))


def next_due_times(schedule: Schedule, after: datetime, count: int) -> list[datetime]:
    """The next due times, whether the schedule rests or not."""
    return list(islice(due_times(schedule.cron, schedule.time_zone, after), count))


def dealt_with(schedule: Schedule, after: datetime, now: datetime) -> list[DueTime]:
    """What becomes of each due time after one instant and up to now, in order.

    catch_up: the newest 31 are made up for. tell: those of the last hour are still on time, the others are
    missed. What is older than the newest 31 of them stands as one missed due time that says so.
    """
    newest: deque[datetime] = deque(maxlen=MOST_MADE_UP)
    first, last, older = None, None, 0
    for due_at in due_until(schedule, after, now):
        if len(newest) == MOST_MADE_UP:
            first, last, older = first or newest[0], newest[0], older + 1
        newest.append(due_at)
    found = [_newest(schedule, due_at, now) for due_at in newest]
    if first is None or last is None:
        return found
    reason = (
        f"{older} due times from {_shown(first)} to {_shown(last)} passed while nothing ran;"
        f" only the {MOST_MADE_UP} after them stand by themselves"
    )
    return [DueTime(last, "missed", reason), *found]


def _newest(schedule: Schedule, due_at: datetime, now: datetime) -> DueTime:
    if schedule.missed == "tell" and due_at < now - ON_TIME:
        return DueTime(due_at, "missed", f"nothing ran at {_shown(due_at)}, nor within an hour of it")
    return DueTime(due_at)


def _refusal(cron: str, reason: str) -> str:
    minute, hour, day, month, weekday = cron.split()
    try:
        CronSim(f"{minute} {hour} * {month} {weekday}", SEEN_FROM)
        CronSim(f"{minute} {hour} {day} * {weekday}", SEEN_FROM)
    except CronSimError:
        return f"cron {cron!r}: {reason[0].lower()}{reason[1:]}"
    return f"cron {cron!r} is never due: no year has such a day"


def _shown(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
