"""The recomputation's own idea of a local day, against days that do not last 24 hours."""

from __future__ import annotations

import csv
import os
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.reference.local_time import ONE_DAY, SMALLEST, day_start, local_date, months_before

ODD_DAYS = Path(os.environ.get("SUBDYN_TEST_DATA", "../shared/data")) / "tz" / "odd_days_2008_2029.csv"
# Zone tables of machines differ for days to come.
LAST_SETTLED_YEAR = 2024


def odd_days() -> list[dict[str, str]]:
    if not ODD_DAYS.exists():
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"{ODD_DAYS} is missing")
        pytest.skip(f"{ODD_DAYS} is missing: set SUBDYN_TEST_DATA")
    with ODD_DAYS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["local_date"][:4]) <= LAST_SETTLED_YEAR]


def test_every_odd_day_begins_at_its_first_instant():
    for row in odd_days():
        zone, day = ZoneInfo(row["zone"]), date.fromisoformat(row["local_date"])
        if row["utc_first"]:
            assert day_start(day, zone) == datetime.fromisoformat(row["utc_first"]), row


def test_a_day_that_never_was_has_no_length_and_no_instant():
    apia, never = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    assert day_start(never, apia) == day_start(never + ONE_DAY, apia)
    assert local_date(day_start(never, apia), apia) == never + ONE_DAY
    assert local_date(day_start(never, apia) - SMALLEST, apia) == never - ONE_DAY


def test_months_are_clamped_to_the_last_day_on_the_zones_clock():
    berlin = ZoneInfo("Europe/Berlin")
    end_of_march = datetime(2024, 3, 31, 10, tzinfo=berlin)
    assert months_before(end_of_march, 1, berlin) == datetime(2024, 2, 29, 10, tzinfo=berlin).astimezone(UTC)


def test_of_a_midnight_that_occurs_twice_the_first_is_meant():
    havana = ZoneInfo("America/Havana")
    assert months_before(day_start(date(2020, 12, 1), havana), 1, havana) == datetime(
        2020, 11, 1, 4, tzinfo=UTC
    )
