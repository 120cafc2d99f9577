{{ config(materialized='view') }}

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
from {{ ref('stg_middleware__online_sessions') }}
