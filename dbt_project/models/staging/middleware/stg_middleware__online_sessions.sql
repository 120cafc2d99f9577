select
    session_id,
    company_id,
    customer_id,
    account_id,
    device_uid,
    device_type,
    app_version,
    ip,
    started_at,
    last_seen_at,
    ended_at
from {{ ref('base_middleware__online_sessions') }}
where unreadable_reason is null
