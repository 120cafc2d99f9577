"""The warehouse's subscriber metrics, cell by cell, against a plain recomputation from the source's rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.subscriber_reports.conftest import LATER, MonthKey, Pipeline, Seen
from tests.reference.subscriber_metrics import METRICS, SEAT_COLUMNS, MonthlyMetrics, daily_peaks

GRACE = timedelta(hours=24)
MOMENTS = range(len(LATER) + 1)


def differences(
    shown: Mapping[MonthKey, Mapping[str, Any]],
    wanted: Mapping[MonthKey, MonthlyMetrics],
    keys: Iterable[MonthKey],
) -> list[tuple[Any, ...]]:
    """The cells that differ: key, metric, shown, wanted."""
    return [
        (*key, metric, shown[key][metric], getattr(wanted[key], metric))
        for key in keys
        for metric in METRICS
        if shown[key][metric] != getattr(wanted[key], metric)
    ]


def may_be_closed(metrics: MonthlyMetrics, data_through: datetime) -> bool:
    return data_through >= metrics.month_end_at + GRACE


def in_lifetime(seen: Seen) -> set[MonthKey]:
    """Months a recomputation knows; a closed one may have fallen out of the subscriber's life since."""
    return set(seen.full) & set(seen.recomputed)


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_month_and_no_other_is_recomputed_cell_by_cell(pipeline: Pipeline, moment: int) -> None:
    seen = pipeline.seen[moment]
    assert set(seen.recomputed) <= set(seen.full)
    assert set(seen.full) - set(seen.recomputed) <= set(seen.closed)
    assert differences(seen.full, seen.recomputed, in_lifetime(seen)) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_marts_show_closed_months_as_closed_and_live_ones_as_known_now(
    pipeline: Pipeline, moment: int
) -> None:
    seen = pipeline.seen[moment]
    assert set(seen.marts) == set(seen.recomputed) | set(seen.closed)
    live = [key for key in seen.marts if key not in seen.closed]
    assert differences(seen.marts, seen.recomputed, live) == []
    assert all(seen.marts[key]["is_closed"] == (key in seen.closed) for key in seen.marts)
    assert [
        (key, metric)
        for key, row in seen.closed.items()
        for metric in METRICS
        if seen.marts[key][metric] != row[metric]
    ] == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_month_is_closed_as_soon_as_it_may_be_and_no_sooner(pipeline: Pipeline, moment: int) -> None:
    seen = pipeline.seen[moment]
    due = {key for key, metrics in seen.recomputed.items() if may_be_closed(metrics, seen.data_through)}
    earlier = pipeline.seen[moment - 1].closed if moment else {}
    assert set(seen.closed) == due | set(earlier)
    assert len(seen.recomputed) - len(due) >= 100
    assert len(due) >= 300


def test_closed_rows_never_change(pipeline: Pipeline) -> None:
    for before, after in zip(pipeline.seen, pipeline.seen[1:], strict=False):
        assert {key: after.closed[key] for key in before.closed} == before.closed


@pytest.mark.parametrize("moment", MOMENTS)
def test_closed_values_and_restatements_make_the_recomputation(pipeline: Pipeline, moment: int) -> None:
    seen = pipeline.seen[moment]
    restated: dict[tuple[int, date, str], Decimal] = defaultdict(Decimal)
    for row in seen.restatements:
        restated[row["subscriber_id"], row["month"], row["metric"]] += row["difference"]
    wrong = []
    for key, row in seen.closed.items():
        for metric in METRICS:
            now = as_number(getattr(seen.recomputed[key], metric)) if key in seen.recomputed else Decimal(0)
            if as_number(row[metric]) + restated[*key, metric] != now:
                wrong.append((*key, metric, row[metric], restated[*key, metric], now))
    assert wrong == []


def test_late_facts_are_noticed_with_their_cause_and_load(pipeline: Pipeline) -> None:
    assert pipeline.seen[0].restatements == []
    last = pipeline.seen[-1].restatements
    assert len(last) > 200
    assert {row["metric"] for row in last} == set(METRICS)
    assert all(row["cause"] != "definition" and row["load_id"] is not None for row in last)


@pytest.mark.parametrize("moment", MOMENTS)
def test_evidence_names_the_users_who_were_counted(pipeline: Pipeline, moment: int) -> None:
    seen = pipeline.seen[moment]
    named: dict[MonthKey, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in seen.evidence:
        named[row["subscriber_id"], row["month"]][row["metric"]].append(row["user_id"])
    for key, metrics in seen.recomputed.items():
        for column in SEAT_COLUMNS:
            if key not in seen.closed:
                assert sorted(named[key][column]) == sorted(metrics.seats[column]), (key, column)
            assert len(named[key][column]) == seen.marts[key][column], (key, column)
        if key not in seen.closed:
            assert sorted(named[key]["concurrent_max"]) == sorted(metrics.users_at_peak), key


@pytest.mark.parametrize("moment", MOMENTS)
def test_evidence_of_time_is_each_users_time(pipeline: Pipeline, moment: int) -> None:
    seen = pipeline.seen[moment]
    online: dict[MonthKey, dict[int, timedelta]] = defaultdict(dict)
    for row in seen.evidence:
        if row["metric"] == "logon_minutes":
            spans = [part.upper - part.lower for part in row["during"]]
            online[row["subscriber_id"], row["month"]][row["user_id"]] = sum(spans, timedelta())
            assert sum(spans, timedelta()) == timedelta(microseconds=int(row["quantity"] * 1_000_000))
    for key, row in seen.marts.items():
        assert sum(online[key].values(), timedelta()) // timedelta(minutes=1) == row["logon_minutes"], key
        if key not in seen.closed:
            assert online[key] == seen.recomputed[key].online_by_user, key


@pytest.mark.parametrize("moment", [0, MOMENTS[-1]])
def test_every_days_peak_is_recomputed(pipeline: Pipeline, moment: int) -> None:
    seen = pipeline.seen[moment]
    subscribers = {row["id"]: row for row in seen.rows["subscribers"]}
    shown: dict[int, dict[date, tuple[int, datetime | None, bool]]] = defaultdict(dict)
    for row in seen.days:
        cells = (row["concurrent_max"], row["concurrent_max_at"], row["is_finished"])
        shown[row["subscriber_id"]][row["local_date"]] = cells
    assert sum(map(len, shown.values())) == len(seen.days)
    wrong = []
    for id_, subscriber in subscribers.items():
        # a month closed before the subscriber's life was cut short is kept
        wanted = daily_peaks(subscriber, seen.rows, seen.data_through)
        wrong += [(id_, day) for day in {*shown[id_], *wanted} if shown[id_].get(day) != wanted.get(day)]
    assert wrong == []
    assert sum(peak > 1 for days in shown.values() for peak, _, _ in days.values()) > 100


def as_number(value: Any) -> Decimal:
    """A metric's value as the ledger counts it: nothing is 0, an instant its seconds since 1970."""
    if isinstance(value, datetime):
        since = value - datetime(1970, 1, 1, tzinfo=UTC)
        return Decimal(since // timedelta(microseconds=1)) / 1_000_000
    return Decimal(value or 0)
