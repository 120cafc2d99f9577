"""The platform database: subscribers, their users and what they did."""

from extract.specification import SourceTable, columns


def _table(name: str, description: str, text: str) -> SourceTable:
    return SourceTable("platform", name, ("id",), columns(text), "updated_at", description=description)


def _append_only(name: str, description: str, text: str) -> SourceTable:
    return SourceTable(
        "platform", name, ("id",), columns(text), "id", append_only=True, description=description
    )


TABLES: tuple[SourceTable, ...] = (
    _table(
        "subscribers",
        "Subscribers: companies that rent the software",
        """
        id id: Key
        name text: Name
        time_zone text: IANA zone in which its months are cut
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        deleted_at at?: When the source marked the row as deleted; empty while it stands
        """,
    ),
    _append_only(
        "subscriber_settings",
        "Settings made for subscribers, append-only: each in force until the next of the same name",
        """
        id id: Key, growing
        subscriber_id id: Subscriber
        setting text: file_limit_mb, commission_module, process_module or plan
        value text: Value as text; modules are on or off, off until set
        happened_at at: When the setting was made
        """,
    ),
    _table(
        "users",
        "Users of subscribers: staff, agents and customers",
        """
        id id: Key
        subscriber_id id: Subscriber the user belongs to
        type text: staff, agent or customer
        name text: Name
        created_at at: When the row was made in the source
        updated_at at: When the row last changed in the source
        """,
    ),
    _append_only(
        "user_changes",
        "Changes of users' states, append-only; a user is enabled, unlocked and regular staff"
        " or rep until one says otherwise",
        """
        id id: Key, growing
        user_id id: User who changed
        subscriber_id id: Subscriber the user belonged to
        happened_at at: When the change took effect
        change text: created, enabled, disabled, locked, unlocked, trashed, restored, purged or role
        role text?: With `role`: super or regular (staff), manager, rep or manager+rep (agents); else empty
        """,
    ),
    _table(
        "logons",
        "Logons of users: one row per session",
        """
        id id: Key
        user_id id: User who logged on
        subscriber_id id: Subscriber the user belonged to
        logged_on_at at: When the session began
        last_seen_at at: When the user was last seen in it
        logged_off_at at?: When the user logged off; empty if the session was never ended
        locked_at_logon bool: Whether the user was locked at that moment
        updated_at at: When the row last changed in the source
        """,
    ),
    _table(
        "commission_runs",
        "Commission runs of subscribers, closed or not",
        """
        id id: Key
        subscriber_id id: Subscriber
        month date: First day of the month the run is for
        closed_at at?: When the run was closed; empty while it is open
        updated_at at: When the row last changed in the source
        """,
    ),
    _append_only(
        "commission_items",
        "Items of commission runs, append-only",
        """
        id id: Key, growing
        run_id id: Commission run the item belongs to
        subscriber_id id: Subscriber
        created_at at: When the row was made in the source
        """,
    ),
    _table(
        "process_forms",
        "Process forms of subscribers, in the trash or not",
        """
        id id: Key
        subscriber_id id: Subscriber
        created_at at: When the row was made in the source
        trashed_at at?: When the form was put into the trash; empty if it is not there
        updated_at at: When the row last changed in the source
        """,
    ),
    _table(
        "process_fields",
        "Fields of process forms, in the trash or not",
        """
        id id: Key
        form_id id: Process form the field belongs to
        subscriber_id id: Subscriber
        created_at at: When the row was made in the source
        trashed_at at?: When the field was put into the trash; empty if it is not there
        updated_at at: When the row last changed in the source
        """,
    ),
)
