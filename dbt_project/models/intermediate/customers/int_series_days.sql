-- the days of each zone that a series shows: begun before data through and ended after the first customer was created
with billing as (
    select
        data_through_at,
        (select min(created_at) from {{ ref('dim_customer') }}) as first_data_at
    from {{ ref('int_billing_data_through') }}
),

days as (
    select
        local_days.time_zone,
        local_days.local_date,
        local_days.starts_at,
        least(local_days.ends_at, billing.data_through_at) as as_of_at
    from {{ ref('int_local_days') }} as local_days
    cross join billing
    where
        local_days.starts_at < local_days.ends_at
        and local_days.starts_at < billing.data_through_at
        and local_days.ends_at > billing.first_data_at
)

select
    time_zone,
    local_date,
    starts_at,
    as_of_at,
    ((as_of_at - interval '1 microsecond') at time zone time_zone)::date as rate_date,
    row_number() over (partition by time_zone order by local_date)::int as day_number
from days
