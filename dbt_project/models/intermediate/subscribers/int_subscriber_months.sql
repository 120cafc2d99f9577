{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
) }}

{#- What earlier runs closed; no edge of the graph, since closing depends on these months. -#}
{%- set closed_months = built_relation('closed', 'subscriber_metrics_monthly') -%}

with subscribers as (
    select
        subscriber.subscriber_id,
        subscriber.time_zone,
        {{ local_month('subscriber.created_at', 'subscriber.time_zone') }} as first_month,
        {{ local_month(
            "least(subscriber.deleted_at, data_through.data_through_at - interval '1 microsecond')", 'subscriber.time_zone'
        ) }} as last_month
    from {{ ref('stg_platform__subscribers') }} as subscriber
    cross join {{ ref('int_platform_data_through') }} as data_through
    where
        subscriber.created_at < data_through.data_through_at
        -- one misspelt zone stops nobody else; a test names the subscriber
        and exists (
            select
            from pg_timezone_names as known
            where lower(known.name) = lower(subscriber.time_zone)
        )
),

closed_months as (
    {% if closed_months %}
    select
        subscriber_id,
        month,
        time_zone,
        month_start_at,
        month_end_at,
        lead(month) over (partition by subscriber_id order by month) is null as is_last_closed
    from {{ closed_months }}
    {% else %}
    select
        null::bigint as subscriber_id,
        null::date as month,
        null::text as time_zone,
        null::timestamptz as month_start_at,
        null::timestamptz as month_end_at,
        true as is_last_closed
    where false
    {% endif %}
),

open_months as (
    select
        subscribers.subscriber_id,
        subscribers.time_zone,
        subscribers.first_month,
        subscribers.last_month,
        closed_months.month_end_at as closed_until,
        begun.month::date as month,
        {{ function('local_day_start') }}(begun.month::date, subscribers.time_zone) as month_start_at
    from subscribers
    left join closed_months
        on subscribers.subscriber_id = closed_months.subscriber_id and closed_months.is_last_closed
    cross join lateral generate_series(
        coalesce(closed_months.month + interval '1 month', subscribers.first_month),
        -- one more, whose start is the last one's end
        subscribers.last_month + interval '1 month',
        interval '1 month'
    ) as begun (month)
),

bounded as (
    select
        subscriber_id,
        time_zone,
        first_month,
        last_month,
        month,
        -- where the zone has changed since the last close, the first open month begins where that one ended
        case
            when lag(month) over in_order is null then coalesce(closed_until, month_start_at)
            else month_start_at
        end as month_start_at,
        lead(month_start_at) over in_order as month_end_at
    from open_months
    window in_order as (partition by subscriber_id order by month)
)

select
    subscriber_id,
    month,
    time_zone,
    month_start_at,
    greatest(month_start_at, month_end_at) as month_end_at,
    month between first_month and last_month as is_in_lifetime
from bounded
where month <= last_month

union all

select
    closed_months.subscriber_id,
    closed_months.month,
    closed_months.time_zone,
    closed_months.month_start_at,
    closed_months.month_end_at,
    coalesce(closed_months.month between subscribers.first_month and subscribers.last_month, false) as is_in_lifetime
from closed_months
left join subscribers on closed_months.subscriber_id = subscribers.subscriber_id
