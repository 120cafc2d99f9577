select
    id as logon_id,
    user_id,
    subscriber_id,
    logged_on_at,
    last_seen_at,
    logged_off_at,
    locked_at_logon as is_locked_at_logon,
    updated_at,
    -- a session that ends before it starts has no length
    greatest(
        logged_on_at,
        coalesce(logged_off_at, last_seen_at + {{ session_timeout() }})
    ) as ended_at
from {{ source('platform', 'logons') }}
where _deleted_at is null
