"""Named intervals are inclusive local dates; a month is shown on its subscriber's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from exports.errors import InvalidParameter
from exports.intervals import resolve_interval
from exports.reports.subscriber_metrics.lookups import on_clock


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-03-31", "2026-03-31"),
        ("yesterday", "2026-03-30", "2026-03-30"),
        ("this-week", "2026-03-30", "2026-04-05"),
        ("last-week", "2026-03-23", "2026-03-29"),
        ("last-7-days", "2026-03-24", "2026-03-30"),
        ("last-30-days", "2026-03-01", "2026-03-30"),
        ("last-1-day", "2026-03-30", "2026-03-30"),
        ("last-2-weeks", "2026-03-16", "2026-03-29"),
        ("this-month", "2026-03-01", "2026-03-31"),
        ("last-month", "2026-02-01", "2026-02-28"),
        ("Last_Month", "2026-02-01", "2026-02-28"),
        ("last-3-months", "2025-12-01", "2026-02-28"),
        ("this-quarter", "2026-01-01", "2026-03-31"),
        ("last-quarter", "2025-10-01", "2025-12-31"),
        ("this-year", "2026-01-01", "2026-12-31"),
        ("last-year", "2025-01-01", "2025-12-31"),
        ("last-2-years", "2024-01-01", "2025-12-31"),
    ],
)
def test_a_named_interval_is_whole_local_days(name: str, first: str, last: str):
    assert resolve_interval(name, date(2026, 3, 31)) == (date.fromisoformat(first), date.fromisoformat(last))


def test_last_month_in_january_is_december_of_the_year_before():
    assert resolve_interval("last-month", date(2026, 1, 15)) == (date(2025, 12, 1), date(2025, 12, 31))


@pytest.mark.parametrize("name", ["last-moth", "last-0-days", "last-99999-days", "next-month", ""])
def test_an_unknown_interval_is_refused_with_what_is_allowed(name: str):
    with pytest.raises(InvalidParameter, match=r"unknown interval .*use today, yesterday") as refused:
        resolve_interval(name, date(2026, 3, 31))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "today"),
    [
        ("last-1200-years", date(2026, 3, 31)),
        ("this-week", date(9999, 12, 31)),
        ("last-year", date(1, 1, 1)),
        ("this-year", date(2201, 1, 1)),
    ],
)
def test_a_named_interval_lies_within_the_years_that_anyone_has_data_of(name: str, today: date):
    with pytest.raises(InvalidParameter, match=r"lies outside 1700-01-01 \.\. 2200-12-31") as refused:
        resolve_interval(name, today)
    assert refused.value.parameter == "interval"


def test_a_zone_that_an_earlier_release_closed_a_month_in_may_be_spelt_as_its_source_did() -> None:
    shown = on_clock(datetime(2026, 1, 1, 12, tzinfo=UTC), "europe/KYIV")
    assert shown.isoformat() == "2026-01-01T14:00:00+02:00"
