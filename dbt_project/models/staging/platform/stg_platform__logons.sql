select
    id as logon_id,
    user_id,
    subscriber_id,
    logged_on_at,
    last_seen_at,
    -- an end at infinity never comes
    nullif(logged_off_at, 'infinity') as logged_off_at,
    locked_at_logon as is_locked_at_logon,
    updated_at
from {{ source('platform', 'logons') }}
where _deleted_at is null
