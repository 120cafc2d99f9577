{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
    meta={
        'raw_inputs': [{'source': 'platform', 'table': 'subscribers', 'key': 'id'}],
        'notes': [{'subscriber_id': 'subscriber_id', 'month': 'month'}],
    },
) }}

with subscribers as (
    select * from {{ ref('stg_platform__subscribers') }}
),

data_through as (
    select * from {{ ref('int_platform_data_through') }}
),

-- as they were cut when they closed: the zone may have changed since
closed_months as (
    select
        subscriber_id,
        month,
        time_zone,
        month_start_at,
        month_end_at
    from {{ source('closed', 'subscriber_metrics_monthly') }}
),

last_closed_months as (
    select distinct on (subscriber_id)
        subscriber_id,
        month,
        month_end_at
    from closed_months
    order by subscriber_id asc, month desc
),

existing_subscribers as (
    select
        subscribers.subscriber_id,
        subscribers.time_zone,
        subscribers.created_at,
        least(subscribers.deleted_at, data_through.data_through_at - interval '1 microsecond') as last_known_at,
        last_closed_months.month as last_closed_month,
        last_closed_months.month_end_at as closed_until
    from subscribers
    cross join data_through
    left join last_closed_months on subscribers.subscriber_id = last_closed_months.subscriber_id
    where subscribers.created_at < data_through.data_through_at
),

-- one misspelt zone stops nobody else; a test names the subscriber
zoned_subscribers as (
    select *
    from existing_subscribers
    where time_zone is not null
),

zones as (
    select
        time_zone,
        min(least(created_at, closed_until)) at time zone 'UTC' as first_at,
        max(last_known_at) at time zone 'UTC' as last_at
    from zoned_subscribers
    group by time_zone
),

-- months start alike for all subscribers of a zone; a month starts at the first instant of its first day
calendar as (
    select
        zones.time_zone,
        begun.month::date as month,
        {{ function('local_day_start') }}(begun.month::date, zones.time_zone) as month_start_at,
        {{ function('local_day_start') }}((begun.month + interval '1 month')::date, zones.time_zone) as month_end_at
    from zones
    cross join lateral generate_series(
        date_trunc('month', zones.first_at) - interval '1 month',
        date_trunc('month', zones.last_at) + interval '1 month',
        interval '1 month'
    ) as begun (month)
),

lifetimes as (
    select
        subscribers.subscriber_id,
        subscribers.time_zone,
        subscribers.created_at,
        subscribers.last_closed_month,
        subscribers.closed_until,
        first_month.month as first_month,
        last_month.month as last_month
    from zoned_subscribers as subscribers
    inner join calendar as first_month
        on
            subscribers.time_zone = first_month.time_zone
            and subscribers.created_at >= first_month.month_start_at
            and subscribers.created_at < first_month.month_end_at
    -- deleted before it was created: in no month
    inner join calendar as last_month
        on
            subscribers.time_zone = last_month.time_zone
            and subscribers.last_known_at >= last_month.month_start_at
            and subscribers.last_known_at < last_month.month_end_at
),

-- where the zone has changed since the last close, the first open month begins where that one ended
open_months as (
    select
        lifetimes.subscriber_id,
        calendar.month,
        lifetimes.time_zone,
        lifetimes.created_at,
        case
            when calendar.month = lifetimes.last_closed_month + interval '1 month' then lifetimes.closed_until
            else calendar.month_start_at
        end as month_start_at,
        calendar.month_end_at
    from lifetimes
    inner join calendar
        on
            lifetimes.time_zone = calendar.time_zone
            and calendar.month >= coalesce(lifetimes.last_closed_month + interval '1 month', lifetimes.first_month)
            and calendar.month <= lifetimes.last_month
)

select
    closed_months.subscriber_id,
    closed_months.month,
    closed_months.time_zone,
    closed_months.month_start_at,
    closed_months.month_end_at,
    -- judged by its own bounds: the zone may have changed since
    coalesce(
        subscribers.created_at < closed_months.month_end_at and subscribers.last_known_at >= closed_months.month_start_at,
        false
    ) as is_in_lifetime
from closed_months
left join existing_subscribers as subscribers on closed_months.subscriber_id = subscribers.subscriber_id

union all

select
    subscriber_id,
    month,
    time_zone,
    month_start_at,
    greatest(month_start_at, month_end_at) as month_end_at,
    created_at < greatest(month_start_at, month_end_at) as is_in_lifetime
from open_months

-- what is read month by month lies together
order by month, subscriber_id
