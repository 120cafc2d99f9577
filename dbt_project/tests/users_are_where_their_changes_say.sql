{{ config(
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'dim_user'}}},
) }}

-- a row that names another subscriber than the user's last change does; the changes count
select
    member.user_id,
    member.user_name,
    member.subscriber_id as subscriber_of_row,
    counted.subscriber_id as subscriber_of_last_change
from {{ ref('dim_user') }} as counted
inner join {{ ref('stg_platform__users') }} as member on counted.user_id = member.user_id
cross join {{ ref('int_platform_data_through') }} as data_through
where
    member.subscriber_id <> counted.subscriber_id
    -- a row that moved after data through waits for its change
    and member.updated_at <= data_through.data_through_at
