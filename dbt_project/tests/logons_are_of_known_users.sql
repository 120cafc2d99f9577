{{ config(
    severity='warn',
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_logons'}}},
) }}

-- depends_on: {{ ref('fct_logons') }}
-- a logon of a user without a row counts in Concurrent max and Logon time, but has no seat
select
    online.subscriber_id,
    online.user_id,
    min(online.month) as first_month
from {{ ref('int_user_months_online') }} as online
where not exists (
    select
    from {{ ref('stg_platform__users') }} as member
    where member.user_id = online.user_id
)
group by online.subscriber_id, online.user_id
