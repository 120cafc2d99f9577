{{ config(materialized='view') }}

select
    logon.logon_id,
    logon.subscriber_id,
    logon.user_id,
    logon.logged_on_at,
    logon.last_seen_at,
    case when logon.logged_off_at <= data_through.data_through_at then logon.logged_off_at end as logged_off_at,
    least({{ session_end('logon', 'data_through.data_through_at') }}, data_through.data_through_at) as ended_at,
    logon.is_locked_at_logon
from {{ ref('stg_platform__logons') }} as logon
cross join {{ ref('int_platform_data_through') }} as data_through
where logon.logged_on_at < data_through.data_through_at
