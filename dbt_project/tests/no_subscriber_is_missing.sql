{{ config(
    enabled='platform' in var('sources'),
    meta={'dagster': {'ref': {'name': 'subscriber_metrics'}}},
) }}

-- one row per subscriber for each month from its creation to its deletion or to data through, whichever comes first
with expected as (
    select
        subscriber.subscriber_id,
        begun.month::date as month
    from {{ ref('stg_platform__subscribers') }} as subscriber
    cross join {{ ref('int_platform_data_through') }} as data_through
    cross join lateral generate_series(
        date_trunc('month', subscriber.created_at at time zone 'UTC') + interval '1 month',
        -- months are cut in zones up to a day away: the first and the last are left to those who know the zone
        date_trunc(
            'month', least(subscriber.deleted_at, data_through.data_through_at) at time zone 'UTC'
        ) - interval '1 month',
        interval '1 month'
    ) as begun (month)
    where subscriber.created_at < data_through.data_through_at

    union

    -- and at least one row
    select
        subscriber.subscriber_id,
        null as month
    from {{ ref('stg_platform__subscribers') }} as subscriber
    cross join {{ ref('int_platform_data_through') }} as data_through
    where subscriber.created_at < data_through.data_through_at
)

select
    expected.subscriber_id,
    expected.month
from expected
where not exists (
    select
    from {{ ref('subscriber_metrics') }} as metrics
    where
        metrics.subscriber_id = expected.subscriber_id
        and metrics.month = coalesce(expected.month, metrics.month)
)
