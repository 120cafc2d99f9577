{{ config(
    materialized='incremental',
    incremental_strategy='changed_months',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
    meta={'month_inputs': ['int_user_months_online'], 'month_changes': {'month': 'month'}},
    pre_hook="{{ month_by_month() }}",
    post_hook="{{ analyze_when_new() }}",
) }}

with months as (
    {{ months_to_make() }}
)

select
    months.subscriber_id,
    months.month,
    most.at_once as concurrent_max,
    most.first_at as concurrent_max_at
from months
cross join lateral (
    {{ most_at_once("
        select
            lower(part.held) as started_at,
            upper(part.held) as ended_at
        from (
            select unnest(online.online_during) as held
            from " ~ ref('int_user_months_online') ~ " as online
            where online.subscriber_id = months.subscriber_id and online.month = months.month
        ) as part
    ") }}
) as most
