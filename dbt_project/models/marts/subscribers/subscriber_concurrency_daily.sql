{{ config(
    materialized='incremental',
    incremental_strategy='changed_months',
    unique_key=['subscriber_id', 'month', 'local_date'],
    indexes=[{'columns': ['subscriber_id', 'month', 'local_date'], 'unique': true}],
    meta={'month_inputs': ['int_subscriber_months', 'int_user_months_online', 'int_platform_data_through']},
    pre_hook="{{ month_by_month() }}",
    post_hook="{{ analyze_when_new() }}",
    tags=['nightly'],
) }}

with months as (
    {{ months_to_make() }}
),

zoned_months as (
    select
        months.*,
        calendar.time_zone
    from months
    inner join {{ ref('int_subscriber_months') }} as calendar
        on months.subscriber_id = calendar.subscriber_id and months.month = calendar.month
    where months.is_in_lifetime
),

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
days as (
    select
        months.subscriber_id,
        months.month,
        days.local_date,
        bounds.starts_at,
        least(days.ends_at, months.month_end_at) as ends_at,
        months.counted_until
    from zoned_months as months
    inner join zone_days as days on months.time_zone = days.time_zone and months.month = days.month
    cross join lateral (
        select
            case
                when days.local_date = months.month then months.month_start_at
                else greatest(days.starts_at, months.month_start_at)
            end as starts_at
    ) as bounds
    where bounds.starts_at < least(days.ends_at, months.counted_until)
),

calendars as (
    select
        subscriber_id,
        month,
        array_agg(local_date order by local_date) as local_dates,
        array_agg(starts_at order by local_date) || max(ends_at) as starts
    from days
    group by subscriber_id, month
),

pieces as (
    select
        online.subscriber_id,
        online.month,
        part.held,
        calendars.local_dates,
        calendars.starts,
        generate_series(
            width_bucket(lower(part.held), calendars.starts),
            width_bucket(upper(part.held) - interval '1 microsecond', calendars.starts)
        ) as day_number
    from {{ ref('int_user_months_online') }} as online
    inner join calendars on online.subscriber_id = calendars.subscriber_id and online.month = calendars.month
    cross join lateral unnest(online.online_during) as part (held)
),

online_days as (
    select
        subscriber_id,
        month,
        local_dates[day_number] as local_date,
        array_agg(held * tstzrange(starts[day_number], starts[day_number + 1])) as online_during
    from pieces
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
