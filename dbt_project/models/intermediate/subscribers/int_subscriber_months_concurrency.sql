{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
    meta={'changed_key': ['subscriber_id', 'month'], 'inputs': ['int_user_months_online'], 'notes': [{'subscriber_id': 'subscriber_id', 'month': 'month'}]},
    pre_hook="set local enable_memoize = off",
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
