"""Real stays of patients as sessions: the published peaks of months and days."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.public_data import public_data
from tests.support.warehouse import Warehouse

AS_OF = datetime(2024, 10, 2, tzinfo=UTC)


def _published(name: str) -> list[dict[str, str]]:
    with public_data(f"sessions/{name}").open(newline="") as file:
        return list(csv.DictReader(file))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def hospital(shared_warehouse: Warehouse) -> Iterator[Warehouse]:
    """The stays as the sessions of one subscriber, one user each."""
    began = datetime(2024, 1, 1, tzinfo=UTC)
    stays = _published("hillmaker_ssu_2024.csv")
    logons: list[dict[str, Any]] = [
        {
            "id": number,
            "user_id": number,
            "subscriber_id": 1,
            "logged_on_at": _instant(stay["InRoomTS"]),
            "last_seen_at": _instant(stay["OutRoomTS"]),
            "logged_off_at": _instant(stay["OutRoomTS"]),
        }
        for number, stay in enumerate(stays, 1)
    ]
    shared_warehouse.load({"subscribers": [{"id": 1, "created_at": began}], "logons": logons}, AS_OF)
    shared_warehouse.build()
    yield shared_warehouse


def test_most_at_once_is_the_published_peak(hospital: Warehouse) -> None:
    (peak,) = hospital.rows(
        "select concurrent_max, concurrent_max_at from marts.subscriber_metrics"
        " order by concurrent_max desc, concurrent_max_at limit 1"
    )
    assert peak == {
        "concurrent_max": 132,
        "concurrent_max_at": datetime(2024, 6, 28, 13, 16, tzinfo=UTC),
    }


def test_each_days_peak_is_the_published_one(hospital: Warehouse) -> None:
    found = {
        row["local_date"].isoformat(): (row["concurrent_max"], row["concurrent_max_at"])
        for row in hospital.rows(
            "select local_date, concurrent_max, concurrent_max_at from marts.subscriber_concurrency_daily"
            " where local_date between '2024-01-02' and '2024-09-30'"
        )
    }
    published = {
        row["date"]: (int(row["peak_half_open"]), _instant(row["at_half_open"]))
        for row in _published("hillmaker_daily_peaks_output.csv")
    }
    assert len(published) == 273
    assert found == published
