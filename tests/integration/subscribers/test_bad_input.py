"""Rows that should not be: each is counted or left out by a rule, and those to mend are named."""

from datetime import UTC, datetime, timedelta

from tests.support.warehouse import Warehouse

CREATED = datetime(2024, 2, 1, tzinfo=UTC)
NOON = datetime(2024, 2, 5, 12, tzinfo=UTC)
DATA_THROUGH = datetime(2024, 2, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def _session(number: int, since: datetime, minutes: int | None, **columns: object) -> dict[str, object]:
    return {
        "id": number,
        "user_id": 1,
        "subscriber_id": 1,
        "logged_on_at": since,
        "last_seen_at": since,
        "logged_off_at": None if minutes is None else since + minutes * MINUTE,
        **columns,
    }


def _change(
    number: int, change: str, happened_at: datetime, user: int = 1, **columns: object
) -> dict[str, object]:
    return {
        "id": number,
        "user_id": user,
        "subscriber_id": 1,
        "change": change,
        "happened_at": happened_at,
        **columns,
    }


def _file_limit(number: int, value: str, happened_at: datetime) -> dict[str, object]:
    return {
        "id": number,
        "subscriber_id": 1,
        "setting": "file_limit_mb",
        "value": value,
        "happened_at": happened_at,
    }


def test_rows_that_should_not_be_are_counted_by_rule_and_named(warehouse: Warehouse) -> None:
    warehouse.load(
        {
            "subscribers": [
                {"id": 1, "name": "Acme", "created_at": CREATED},
                {"id": 2, "name": "Lost", "time_zone": "Mars/Olympus", "created_at": CREATED},
            ],
            "users": [
                {"id": 1, "subscriber_id": 1, "created_at": CREATED},
                {"id": 2, "subscriber_id": 1, "created_at": CREATED, "type": "robot"},
            ],
            "logons": [
                _session(1, NOON, 10),
                _session(2, NOON, 10),  # the same once more
                _session(3, NOON + 5 * MINUTE, 10),  # overlaps it
                _session(4, NOON + 60 * MINUTE, -5),  # ends before it starts
                _session(5, NOON + 120 * MINUTE, None),  # never ends
                _session(6, NOON + 180 * MINUTE, 7, user_id=99),  # of a user without a row
                _session(7, DATA_THROUGH + MINUTE, 60),  # later than what is known
            ],
            "user_changes": [
                # out of order, twice, and for an unknown user
                _change(3, "role", NOON - MINUTE, role="super"),
                _change(2, "role", NOON, role="regular"),
                _change(4, "role", NOON, role="regular"),
                _change(5, "locked", NOON, user=99),
                # words that nobody knows: neither is the role taken away, nor does the user move
                _change(6, "role", NOON - MINUTE, role="emperor", subscriber_id=2),
                _change(7, "frozen", NOON + MINUTE, subscriber_id=2),
            ],
            "subscriber_settings": [
                {
                    "id": 1,
                    "subscriber_id": 1,
                    "setting": "process_module",
                    "value": "on",
                    "happened_at": NOON,
                },
                {
                    "id": 2,
                    "subscriber_id": 1,
                    "setting": "process_module",
                    "value": "off",
                    "happened_at": NOON,
                },
                _file_limit(3, "500", CREATED),
                _file_limit(4, "plenty", NOON),
            ],
            "process_forms": [{"id": 1, "subscriber_id": 1, "created_at": CREATED}],
            "process_fields": [{"id": 1, "form_id": 1, "subscriber_id": 1, "created_at": CREATED}],
        },
        DATA_THROUGH,
    )
    warehouse.build()
    (row,) = warehouse.rows(
        "select super_users, active_staff, concurrent_max, logon_minutes, process_fields, file_limit_mb"
        " from marts.subscriber_metrics"
    )
    # 15 merged minutes, 30 of the session that never ends, 7 of the unknown user's; the readable limit
    assert tuple(row.values()) == (1, 0, 1, 52, 0, 500)
    warned = warehouse.dbt("test", "--select", "no_platform_row_is_rejected")["no_platform_row_is_rejected"]
    assert warned.status == "warn"
    assert {tuple(row.values()) for row in warehouse.rows(warned.node.compiled_code)} == {
        ("users", 2, 1, "unknown type: robot"),
        ("user_changes", 6, 2, "unknown role: emperor"),
        ("user_changes", 7, 2, "unknown change: frozen"),
        ("subscriber_settings", 4, 1, "file_limit_mb is no number: plenty"),
    }
    name = "subscribers_have_a_known_zone"
    unknown = warehouse.dbt("test", "--select", name)[name]
    assert (unknown.status, unknown.failures) == ("warn", 1)

    # mended in the source, the subscriber has its months
    mended = {"id": 2, "name": "Lost", "time_zone": " asia/KATHMANDU", "created_at": CREATED}
    warehouse.load({"subscribers": [mended]}, DATA_THROUGH)
    warehouse.build_and_test()
    zones = warehouse.rows("select time_zone from marts.subscriber_metrics order by subscriber_id")
    assert [row["time_zone"] for row in zones] == ["UTC", "Asia/Kathmandu"]


def test_a_session_timeout_and_the_grace_are_settings(warehouse: Warehouse) -> None:
    warehouse.load(
        {
            "subscribers": [{"id": 1, "created_at": datetime(2024, 1, 5, tzinfo=UTC)}],
            "users": [{"id": 1, "subscriber_id": 1, "created_at": CREATED}],
            "logons": [_session(1, NOON, None)],
        },
        DATA_THROUGH,
    )
    due = "select count(*) from intermediate.int_subscriber_months_due"
    closed = "select count(*) from closed.subscriber_metrics_monthly where closing_grace_hours = 1"
    warehouse.build(session_timeout_minutes=5, closing_grace_hours=24 * 30)
    assert (
        warehouse.value("select logon_minutes from marts.subscriber_metrics where month = '2024-02-01'") == 5
    )
    assert (warehouse.value(due), warehouse.value(closed)) == (0, 0)
    # what is due and what closes follow the same grace
    warehouse.build("--select", "int_subscriber_months_due", closing_grace_hours=1)
    assert (warehouse.value(due), warehouse.value(closed)) == (1, 0)
    warehouse.build("--select", "subscriber_metrics_monthly", closing_grace_hours=1)
    assert (warehouse.value(due), warehouse.value(closed)) == (0, 1)
