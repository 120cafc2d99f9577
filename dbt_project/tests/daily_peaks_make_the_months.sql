{{ config(
    enabled='platform' in var('sources'),
    tags=['nightly'],
    meta={'dagster': {'ref': {'name': 'subscriber_concurrency_daily'}}},
) }}

-- a month's peak is the highest of its days' and reached when the first of those was
with daily as (
    select distinct on (subscriber_id, month)
        subscriber_id,
        month,
        concurrent_max,
        concurrent_max_at
    from {{ ref('subscriber_concurrency_daily') }}
    where concurrent_max > 0
    order by subscriber_id asc, month asc, concurrent_max desc, concurrent_max_at asc
)

select
    subscriber_id,
    month,
    daily.concurrent_max as concurrent_max_of_days,
    daily.concurrent_max_at as concurrent_max_at_of_days,
    monthly.concurrent_max,
    monthly.concurrent_max_at
from daily
full join {{ ref('int_subscriber_months_concurrency') }} as monthly using (subscriber_id, month)
where
    (daily.concurrent_max, daily.concurrent_max_at)
    is distinct from (monthly.concurrent_max, monthly.concurrent_max_at)
