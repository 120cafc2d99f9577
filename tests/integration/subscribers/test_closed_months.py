"""What is closed stays closed: written once, chained, explained by the ledger."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.warehouse import Warehouse

FIRST_LOAD = datetime(2024, 3, 10, 8, tzinfo=UTC)
LATER = datetime(2024, 4, 2, 1, tzinfo=UTC)
CLOSED_TABLES = ("subscriber_metrics_monthly", "subscriber_metric_evidence", "restatements")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _logon(number: int, user: int, since: str, until: str | None, **columns: Any) -> dict[str, Any]:
    return {
        "id": number,
        "user_id": user,
        "subscriber_id": 1,
        "logged_on_at": _at(since),
        "last_seen_at": _at(until or since),
        "logged_off_at": _at(until) if until else None,
        **columns,
    }


SOURCE = {
    "subscribers": [
        {"id": 1, "name": "Acme", "created_at": _at("2024-01-05")},
        {"id": 2, "name": "Kathmandu", "time_zone": "Asia/Kathmandu", "created_at": _at("2024-02-05")},
        # created in January by UTC, in February by the clocks of Kiritimati
        {"id": 3, "name": "Late", "created_at": _at("2024-01-31 20:00")},
    ],
    "users": [
        {"id": 1, "subscriber_id": 1, "type": "staff", "created_at": _at("2024-01-05")},
        {"id": 2, "subscriber_id": 1, "type": "agent", "created_at": _at("2024-01-05")},
        {"id": 3, "subscriber_id": 2, "type": "staff", "created_at": _at("2024-02-05")},
    ],
    "logons": [
        _logon(1, 1, "2024-01-10 10:00", "2024-01-10 11:00"),
        _logon(2, 2, "2024-01-31 23:30", "2024-02-01 00:45"),
        _logon(3, 1, "2024-02-10 10:00", "2024-02-10 10:20"),
        _logon(4, 1, "2024-03-10 07:50", None),
    ],
    "subscriber_settings": [
        {
            "id": 1,
            "subscriber_id": 1,
            "setting": "file_limit_mb",
            "value": "100",
            "happened_at": _at("2024-01-05"),
        },
        {
            "id": 3,
            "subscriber_id": 3,
            "setting": "file_limit_mb",
            "value": "70",
            "happened_at": _at("2024-01-31 20:00"),
        },
    ],
}


@pytest.fixture(scope="module")
def closed(shared_warehouse: Warehouse) -> Iterator[Warehouse]:
    """A warehouse whose first run found two months that were over, and closed them."""
    shared_warehouse.load(SOURCE, FIRST_LOAD)
    shared_warehouse.build_and_test(as_of=FIRST_LOAD + timedelta(minutes=5))
    yield shared_warehouse


def _closed_rows(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.rows(
        "select *, xmin::text as written_by from closed.subscriber_metrics_monthly"
        " order by subscriber_id, month"
    )


def _versions(warehouse: Warehouse) -> dict[str, list[dict[str, Any]]]:
    return {
        table: warehouse.rows(f"select t.*::text, xmin::text from closed.{table} as t order by 1")
        for table in CLOSED_TABLES
    }


def test_the_unit_tests_of_the_rules_pass(closed: Warehouse) -> None:
    closed.dbt("test", "--select", "test_type:unit")


def test_first_run_closes_the_months_that_are_over_and_says_late(closed: Warehouse) -> None:
    rows = _closed_rows(closed)
    assert [(row["subscriber_id"], row["month"]) for row in rows] == [
        (1, date(2024, 1, 1)),
        (1, date(2024, 2, 1)),
        (2, date(2024, 2, 1)),
        (3, date(2024, 1, 1)),
        (3, date(2024, 2, 1)),
    ]
    assert all(
        row["closed_late"] and row["closed_as_of"] == FIRST_LOAD + timedelta(minutes=5) for row in rows
    )
    january, february, *_ = rows
    assert (january["enabled_staff"], january["enabled_reps"], january["active_reps"]) == (1, 1, 1)
    assert (january["logon_minutes"], february["logon_minutes"]) == (90, 65)
    assert january["file_limit_mb"] == 100
    assert february["previous_hash"] == january["row_hash"]
    # as of some day in 2024, written now
    assert {row["closing_grace_hours"] for row in rows} == {24}
    assert all(abs(datetime.now(UTC) - row["closed_at"]) < timedelta(minutes=10) for row in rows)


def test_live_months_stand_beside_the_closed_ones(closed: Warehouse) -> None:
    rows = closed.rows(
        "select subscriber_id, month_label, status, logon_minutes from marts.subscriber_metrics"
        " where month = '2024-03-01' order by 1"
    )
    assert [tuple(row.values()) for row in rows] == [
        (1, "Mar 2024", "live", 10),
        (2, "Mar 2024", "live", 0),
        (3, "Mar 2024", "live", 0),
    ]


def test_rerun_of_a_close_changes_nothing(closed: Warehouse) -> None:
    before = _versions(closed)
    closed.build(as_of=FIRST_LOAD + timedelta(hours=3))
    assert _versions(closed) == before


def test_a_position_that_the_release_before_kept_stops_no_model(closed: Warehouse) -> None:
    kept = "('int_logons_split_by_month', 'int_platform_data_through', 1)"
    with closed.connect() as connection:
        connection.execute(f"insert into app.model_watermarks values {kept}".encode())
    closed.build("--select", "int_logons_split_by_month")
    with closed.connect() as connection:
        connection.execute(
            f"delete from app.model_watermarks where (model, input, position) = {kept}".encode()
        )


def test_closed_months_outlive_every_rebuild(closed: Warehouse) -> None:
    before = _versions(closed)
    closed.build("--full-refresh", as_of=FIRST_LOAD + timedelta(hours=4))
    assert _versions(closed) == before
    with closed.connect("subdyn_pipeline") as connection:
        connection.execute("drop schema staging, intermediate, marts cascade")
    closed.build(as_of=FIRST_LOAD + timedelta(hours=5))
    assert _versions(closed) == before


def test_late_facts_go_to_the_ledger_and_leave_the_closed_row_alone(closed: Warehouse) -> None:
    before = _closed_rows(closed)
    loads = closed.load(
        {
            "logons": [
                _logon(5, 2, "2024-01-10 10:30", "2024-01-10 10:45:30"),
                # what ended in March by itself had gone on until it was logged off
                _logon(4, 1, "2024-03-10 07:50", "2024-03-10 09:00"),
            ],
            "user_changes": [
                {
                    "id": 1,
                    "user_id": 1,
                    "subscriber_id": 1,
                    "happened_at": _at("2024-02-20"),
                    "change": "locked",
                }
            ],
            "subscriber_settings": [
                {
                    "id": 2,
                    "subscriber_id": 1,
                    "setting": "file_limit_mb",
                    "value": "250",
                    "happened_at": _at("2024-02-29 23:59:59"),
                }
            ],
        },
        FIRST_LOAD + timedelta(hours=6),
    )
    noticed_at = FIRST_LOAD + timedelta(hours=6, minutes=1)
    closed.build_and_test(as_of=noticed_at)
    assert _closed_rows(closed) == before
    ledger = closed.rows("select * from closed.restatements order by month, metric")
    assert {row["noticed_at"] for row in ledger} == {noticed_at}
    shown = [
        (
            row["month"].month,
            row["metric"],
            row["closed_value"],
            row["value_now"],
            row["difference"],
            row["cause"],
        )
        for row in ledger
    ]
    assert shown == [
        (1, "concurrent_max", "1", "2", 1, "logons"),
        (
            1,
            "concurrent_max_at",
            "2024-01-10T10:00:00.000000Z",
            "2024-01-10T10:30:00.000000Z",
            1800,
            "logons",
        ),
        (1, "logon_minutes", "90", "105", 15, "logons"),
        (2, "active_staff", "1", "0", -1, "user_changes"),
        (2, "enabled_staff", "1", "0", -1, "user_changes"),
        (2, "file_limit_mb", "100", "250", 150, "subscriber_settings"),
    ]
    assert {row["cause"]: row["load_id"] for row in ledger} == {
        cause: loads[cause] for cause in ("logons", "user_changes", "subscriber_settings")
    }


def test_a_second_late_fact_adds_a_second_row(closed: Warehouse) -> None:
    load = closed.delete("logons", [5], FIRST_LOAD + timedelta(hours=7))
    closed.build(as_of=FIRST_LOAD + timedelta(hours=7))
    rows = closed.rows(
        "select restatement, previous_value, value_now, difference, load_id from closed.restatements"
        " where metric = 'logon_minutes' order by restatement"
    )
    assert [tuple(row.values())[:4] for row in rows] == [(1, "90", "105", 15), (2, "105", "90", -15)]
    assert rows[1]["load_id"] == load


def test_a_month_waits_for_its_grace_and_then_closes_in_time(closed: Warehouse) -> None:
    closed.load({}, _at("2024-04-01 23:59:59"))
    closed.build()
    assert closed.value(
        "select max(month) from closed.subscriber_metrics_monthly where subscriber_id = 1"
    ) == date(2024, 2, 1)
    # a day after March ended in Kathmandu, it has not yet in UTC
    assert closed.value(
        "select max(month) from closed.subscriber_metrics_monthly where subscriber_id = 2"
    ) == date(2024, 3, 1)
    closed.load({}, LATER)
    closed.build()
    rows = [row for row in _closed_rows(closed) if row["month"] == date(2024, 3, 1)]
    assert [(row["subscriber_id"], row["closed_late"]) for row in rows] == [
        (1, False),
        (2, False),
        (3, False),
    ]
    assert closed.rows("select * from closed.subscriber_metrics_broken_links()") == []


def test_a_run_that_goes_back_and_forth_again_notices_nothing(closed: Warehouse) -> None:
    metrics = "select * from intermediate.int_subscriber_metrics order by subscriber_id, month"
    written, known = _versions(closed), closed.rows(metrics)
    for as_of in (LATER - timedelta(days=40), LATER):
        closed.load({}, as_of)
        closed.build_and_test()
        assert _versions(closed) == written
    assert closed.rows(metrics) == known


def test_a_change_of_zone_moves_no_closed_month_and_counts_nothing_twice(closed: Warehouse) -> None:
    before = {(row["subscriber_id"], row["month"]): row for row in _closed_rows(closed)}
    closed.load(
        {
            "subscribers": [
                {"id": 1, "name": "Acme", "time_zone": "Pacific/Kiritimati", "created_at": _at("2024-01-05")},
                {
                    "id": 3,
                    "name": "Late",
                    "time_zone": "Pacific/Kiritimati",
                    "created_at": _at("2024-01-31 20:00"),
                },
            ]
        },
        LATER + timedelta(days=30),
    )
    closed.build_and_test(as_of=LATER + timedelta(days=30))
    # whether it existed in a closed month is judged by the bounds that the month was closed with
    assert closed.rows("select month, metric from closed.restatements where subscriber_id = 3") == []
    after = {(row["subscriber_id"], row["month"]): row for row in _closed_rows(closed)}
    assert {key: after[key] for key in before} == before
    bounds = closed.rows(
        "select month_start_at, month_end_at, time_zone from marts.subscriber_metrics"
        " where subscriber_id = 1 and month >= '2024-03-01' order by month"
    )
    assert [row["time_zone"] for row in bounds] == ["UTC", "Pacific/Kiritimati", "Pacific/Kiritimati"]
    assert bounds[0]["month_end_at"] == bounds[1]["month_start_at"] == _at("2024-04-01")
    assert bounds[1]["month_end_at"] == bounds[2]["month_start_at"] == _at("2024-04-30 10:00")


def test_a_superuser_who_drops_the_trigger_is_found_out(closed: Warehouse) -> None:
    with closed.connect() as connection:
        connection.execute("alter table closed.subscriber_metrics_monthly disable trigger all")
        connection.execute(
            "update closed.subscriber_metrics_monthly set logon_minutes = 1"
            " where subscriber_id = 1 and month = '2024-02-01'"
        )
        connection.execute("alter table closed.subscriber_metric_evidence disable trigger all")
        connection.execute(
            "delete from closed.subscriber_metric_evidence where subscriber_id = 2 and month = '2024-02-01'"
        )
    broken = closed.rows("select * from closed.subscriber_metrics_broken_links()")
    assert [(row["subscriber_id"], row["month"], row["fault"]) for row in broken] == [
        (1, date(2024, 2, 1), "the row was changed after it was closed"),
        (2, date(2024, 2, 1), "its evidence was changed after it was closed"),
    ]
    with closed.connect() as connection:
        connection.execute(
            "delete from closed.subscriber_metrics_monthly where subscriber_id = 1 and month = '2024-02-01'"
        )
    broken = closed.rows("select * from closed.subscriber_metrics_broken_links() where subscriber_id = 1")
    assert [(row["month"], row["fault"]) for row in broken] == [
        (date(2024, 2, 1), "the closed row of this evidence is gone"),
        (date(2024, 3, 1), "the row before it was removed or replaced"),
    ]
