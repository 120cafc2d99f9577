{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['logon_id', 'started_at'],
    indexes=[
        {'columns': ['month', 'subscriber_id']},
        {'columns': ['logon_id']},
    ],
    meta={
        'changed_key': ['logon_id'],
        'raw_inputs': [{'source': 'platform', 'table': 'logons', 'key': 'id'}],
        'inputs': ['int_subscriber_months'],
        'notes': [{'subscriber_id': 'subscriber_id', 'month': 'month'}],
    },
    pre_hook=["{{ add_logons_to_split() }}", "set local parallel_tuple_cost = 0"],
) }}

with logons as (
    select *
    from {{ ref('stg_platform__logons') }}
    where {{ is_changed('logon_id') }}
),

data_through as (
    select * from {{ ref('int_platform_data_through') }}
),

months as (
    select * from {{ ref('int_subscriber_months') }}
),

sessions as (
    select
        logons.*,
        {{ session_end('logons', 'data_through.data_through_at') }} as ended_at,
        logons.logged_off_at > data_through.data_through_at as is_logoff_ahead
    from logons
    left join data_through on true
),

-- each subscriber's months as arrays, so that a binary search numbers an instant's month; the last start ends the last month
calendars as (
    select
        subscriber_id,
        array_agg(month order by month) as months,
        array_agg(month_start_at order by month) || max(month_end_at) as starts
    from months
    group by subscriber_id
),

numbered_sessions as (
    select
        sessions.logon_id,
        sessions.subscriber_id,
        sessions.user_id,
        sessions.is_locked_at_logon,
        sessions.logged_on_at,
        sessions.ended_at,
        calendars.months,
        calendars.starts,
        coalesce(width_bucket(sessions.logged_on_at, calendars.starts), 0) as first_month,
        coalesce(
            greatest(
                width_bucket(sessions.logged_on_at, calendars.starts),
                width_bucket(sessions.ended_at - interval '1 microsecond', calendars.starts)
            ),
            0
        ) as last_month
    from sessions
    left join calendars on sessions.subscriber_id = calendars.subscriber_id
),

parts as (
    select
        *,
        generate_series(first_month, last_month) as month_number
    from numbered_sessions
)

select
    logon_id,
    subscriber_id,
    user_id,
    -- empty before the first and past the last month that has begun: split again in every build, until there is one
    months[month_number] as month,
    greatest(logged_on_at, starts[month_number]) as started_at,
    least(ended_at, starts[month_number + 1]) as ended_at,
    month_number = first_month as is_logon,
    is_locked_at_logon
from parts

union all

-- a logoff that lies ahead: in no month, so that the session is split again until it has happened
select
    logon_id,
    subscriber_id,
    user_id,
    null as month,
    'infinity' as started_at,
    'infinity' as ended_at,
    false as is_logon,
    is_locked_at_logon
from sessions
where is_logoff_ahead
