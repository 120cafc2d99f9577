{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['subscriber_id', 'month', 'local_date'],
    meta={
        'changed_key': ['subscriber_id', 'month'],
        'inputs': ['int_subscriber_months', 'int_user_months_online', 'int_platform_data_through'],
    },
    pre_hook="set local enable_memoize = off",
    post_hook="{{ analyze_when_new() }}",
    tags=['nightly'],
) }}

with months as (
    {{ months_to_make() }}
),

calendar as (
    select * from {{ ref('int_subscriber_months') }}
),

online as (
    select * from {{ ref('int_user_months_online') }}
),

zoned_months as (
    select
        months.*,
        calendar.time_zone
    from months
    inner join calendar on months.subscriber_id = calendar.subscriber_id and months.month = calendar.month
    where months.is_in_lifetime
),

-- days start alike for all subscribers of a zone
zone_days as (
    select
        zone_months.time_zone,
        zone_months.month,
        day::date as local_date,
        {{ function('local_day_start') }}(day::date, zone_months.time_zone) as starts_at,
        {{ function('local_day_start') }}(day::date + 1, zone_months.time_zone) as ends_at
    from (
        select distinct
            time_zone,
            month
        from zoned_months
    ) as zone_months
    cross join lateral generate_series(
        zone_months.month, zone_months.month + interval '1 month' - interval '1 day', interval '1 day'
    ) as day
),

-- the first day begins where the month does, which after a change of zone is where the month before was closed
subscriber_days as (
    select
        months.subscriber_id,
        months.month,
        months.counted_until,
        zone_days.local_date,
        case
            when zone_days.local_date = months.month then months.month_start_at
            else greatest(zone_days.starts_at, months.month_start_at)
        end as starts_at,
        least(zone_days.ends_at, months.month_end_at) as ends_at
    from zoned_months as months
    inner join zone_days on months.time_zone = zone_days.time_zone and months.month = zone_days.month
),

days as (
    select *
    from subscriber_days
    where starts_at < least(ends_at, counted_until)
),

-- each month's days as arrays, so that a binary search numbers an instant's day; the last start ends the last day
day_arrays as (
    select
        subscriber_id,
        month,
        array_agg(local_date order by local_date) as local_dates,
        array_agg(starts_at order by local_date) || max(ends_at) as starts
    from days
    group by subscriber_id, month
),

online_pieces as (
    select
        online.subscriber_id,
        online.month,
        part.held,
        day_arrays.local_dates,
        day_arrays.starts,
        generate_series(
            width_bucket(lower(part.held), day_arrays.starts),
            width_bucket(upper(part.held) - interval '1 microsecond', day_arrays.starts)
        ) as day_number
    from online
    inner join day_arrays on online.subscriber_id = day_arrays.subscriber_id and online.month = day_arrays.month
    cross join lateral unnest(online.online_during) as part (held)
),

online_days as (
    select
        subscriber_id,
        month,
        local_dates[day_number] as local_date,
        array_agg(held * tstzrange(starts[day_number], starts[day_number + 1])) as online_during
    from online_pieces
    group by 1, 2, 3
)

select
    days.subscriber_id,
    days.month,
    days.local_date,
    coalesce(most.at_once, 0) as concurrent_max,
    most.first_at as concurrent_max_at,
    days.ends_at <= days.counted_until as is_finished
from days
left join online_days
    on
        days.subscriber_id = online_days.subscriber_id
        and days.month = online_days.month
        and days.local_date = online_days.local_date
left join lateral (
    {{ most_at_once("
        select
            lower(part.held) as started_at,
            upper(part.held) as ended_at
        from unnest(online_days.online_during) as part (held)
    ") }}
) as most on true
