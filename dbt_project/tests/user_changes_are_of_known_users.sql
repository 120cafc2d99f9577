{{ config(
    severity='warn',
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'dim_user'}}},
) }}

-- depends_on: {{ ref('dim_user') }}
-- a change of a user without a row counts nowhere until the user arrives
select
    changed.subscriber_id,
    changed.user_id,
    count(*) as changes
from {{ ref('stg_platform__user_changes') }} as changed
where not exists (
    select
    from {{ ref('stg_platform__users') }} as member
    where member.user_id = changed.user_id
)
group by changed.subscriber_id, changed.user_id
