{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['time_zone', 'local_date'],
    indexes=[{'columns': ['time_zone', 'local_date'], 'unique': true}, {'columns': ['time_zone', 'as_of_at']}],
    post_hook="{{ analyze_when_new() }}",
) }}

-- the first month is whole: what moved in it before the first customer was created is its as well
with billing as (
    select
        data_through_at,
        (
            select min(created_at)
            from {{ ref('dim_customer') }}
            where isfinite(created_at)
        ) as first_data_at
    from {{ ref('int_billing_data_through') }}
),

days as (
    select
        local_days.time_zone,
        local_days.local_date,
        local_days.starts_at,
        least(local_days.ends_at, billing.data_through_at) as as_of_at,
        local_days.ends_at <= billing.data_through_at as is_finished,
        local_days.ends_at > billing.first_data_at as is_in_series
    from {{ ref('int_local_days') }} as local_days
    cross join billing
    where
        local_days.starts_at < local_days.ends_at
        and local_days.starts_at < billing.data_through_at
),

shown as (
    select days.*
    from days
    inner join {{ ref('int_local_months') }} as months
        on
            days.time_zone = months.time_zone
            and date_trunc('month', days.local_date)::date = months.month_start_date
    where months.is_in_series
)

select
    time_zone,
    local_date,
    starts_at,
    as_of_at,
    is_finished,
    is_in_series,
    ((as_of_at - interval '1 microsecond') at time zone time_zone)::date as rate_date,
    row_number() over (partition by time_zone order by local_date)::int as day_number
from shown
