"""Instants of a subscriber's month on its own clock."""

from datetime import UTC, datetime

from exports.reports.subscriber_metrics.lookups import on_clock


def test_a_zone_that_an_earlier_release_closed_a_month_in_may_be_spelt_as_its_source_did() -> None:
    shown = on_clock(datetime(2026, 1, 1, 12, tzinfo=UTC), "europe/KYIV")
    assert shown.isoformat() == "2026-01-01T14:00:00+02:00"
