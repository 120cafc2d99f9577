{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
    meta={'change_sources': [['platform', 'subscribers']], 'month_changes': {'month': 'month'}},
    post_hook="{{ analyze_when_new() }}",
) }}

-- as they were cut when they closed: the zone may have changed since
with closed_months as (
    select
        subscriber_id,
        month,
        time_zone,
        month_start_at,
        month_end_at,
        lead(month) over (partition by subscriber_id order by month) is null as is_last_closed
    from {{ source('closed', 'subscriber_metrics_monthly') }}
),

existing as (
    select
        subscriber.subscriber_id,
        subscriber.time_zone,
        subscriber.created_at,
        least(subscriber.deleted_at, data_through.data_through_at - interval '1 microsecond') as last_known_at,
        last_closed.month as last_closed_month,
        last_closed.month_end_at as closed_until
    from {{ ref('stg_platform__subscribers') }} as subscriber
    cross join {{ ref('int_platform_data_through') }} as data_through
    left join closed_months as last_closed
        on subscriber.subscriber_id = last_closed.subscriber_id and last_closed.is_last_closed
    where subscriber.created_at < data_through.data_through_at
),

-- one misspelt zone stops nobody else; a test names the subscriber
in_known_zone as (
    select *
    from existing
    where time_zone is not null
),

-- months start alike for all subscribers of a zone; a month starts at the first instant of its first day
calendar as (
    select
        zone.time_zone,
        begun.month::date as month,
        {{ function('local_day_start') }}(begun.month::date, zone.time_zone) as month_start_at,
        {{ function('local_day_start') }}((begun.month + interval '1 month')::date, zone.time_zone) as month_end_at
    from (
        select
            time_zone,
            min(least(created_at, closed_until)) at time zone 'UTC' as first_at,
            max(last_known_at) at time zone 'UTC' as last_at
        from in_known_zone
        group by time_zone
    ) as zone
    cross join lateral generate_series(
        date_trunc('month', zone.first_at) - interval '1 month',
        date_trunc('month', zone.last_at) + interval '1 month',
        interval '1 month'
    ) as begun (month)
),

lifetimes as (
    select
        subscriber.subscriber_id,
        subscriber.time_zone,
        subscriber.created_at,
        subscriber.last_closed_month,
        subscriber.closed_until,
        first_month.month as first_month,
        last_month.month as last_month
    from in_known_zone as subscriber
    inner join calendar as first_month
        on
            subscriber.time_zone = first_month.time_zone
            and subscriber.created_at >= first_month.month_start_at
            and subscriber.created_at < first_month.month_end_at
    -- deleted before it was created: in no month
    inner join calendar as last_month
        on
            subscriber.time_zone = last_month.time_zone
            and subscriber.last_known_at >= last_month.month_start_at
            and subscriber.last_known_at < last_month.month_end_at
)

select
    closed_months.subscriber_id,
    closed_months.month,
    closed_months.time_zone,
    closed_months.month_start_at,
    closed_months.month_end_at,
    -- judged by its own bounds: the zone may have changed since
    coalesce(
        existing.created_at < closed_months.month_end_at and existing.last_known_at >= closed_months.month_start_at, false
    ) as is_in_lifetime
from closed_months
left join existing on closed_months.subscriber_id = existing.subscriber_id

union all

select
    lifetimes.subscriber_id,
    calendar.month,
    lifetimes.time_zone,
    months.month_start_at,
    greatest(months.month_start_at, calendar.month_end_at) as month_end_at,
    lifetimes.created_at < greatest(months.month_start_at, calendar.month_end_at) as is_in_lifetime
from lifetimes
inner join calendar
    on
        lifetimes.time_zone = calendar.time_zone
        and calendar.month >= coalesce(lifetimes.last_closed_month + interval '1 month', lifetimes.first_month)
        and calendar.month <= lifetimes.last_month
cross join lateral (
    -- where the zone has changed since the last close, the first open month begins where that one ended
    select
        case
            when calendar.month = lifetimes.last_closed_month + interval '1 month' then lifetimes.closed_until
            else calendar.month_start_at
        end as month_start_at
) as months

-- what is read month by month lies together
order by month, subscriber_id
