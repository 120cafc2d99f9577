"""The platform database: subscribers, their users and what they did."""

from extract.specification import SourceTable, columns


def _table(name: str, text: str) -> SourceTable:
    return SourceTable("platform", name, ("id",), columns(text), "updated_at")


def _append_only(name: str, text: str) -> SourceTable:
    return SourceTable("platform", name, ("id",), columns(text), "id", append_only=True)


TABLES: tuple[SourceTable, ...] = (
    _table("subscribers", "id id, name text, time_zone text, created_at at, updated_at at, deleted_at at?"),
    _append_only("subscriber_settings", "id id, subscriber_id id, setting text, value text, happened_at at"),
    _table("users", "id id, subscriber_id id, type text, name text, created_at at, updated_at at"),
    _append_only(
        "user_changes", "id id, user_id id, subscriber_id id, happened_at at, change text, role text?"
    ),
    _table(
        "logons",
        "id id, user_id id, subscriber_id id, logged_on_at at, last_seen_at at, logged_off_at at?,"
        "locked_at_logon bool, updated_at at",
    ),
    _table("commission_runs", "id id, subscriber_id id, month date, closed_at at?, updated_at at"),
    _append_only("commission_items", "id id, run_id id, subscriber_id id, created_at at"),
    _table("process_forms", "id id, subscriber_id id, created_at at, trashed_at at?, updated_at at"),
    _table(
        "process_fields",
        "id id, form_id id, subscriber_id id, created_at at, trashed_at at?, updated_at at",
    ),
)
