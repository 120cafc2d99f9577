{{ config(
    materialized='incremental',
    incremental_strategy='noted_keys',
    unique_key=['logon_id', 'started_at'],
    indexes=[
        {'columns': ['month', 'subscriber_id']},
        {'columns': ['logon_id']},
    ],
    meta={
        'noted_key': 'logon_id',
        'change_sources': [['platform', 'logons']],
        'month_inputs': ['int_subscriber_months'],
        'month_changes': {'month': 'month'},
    },
    pre_hook=["{{ note_logons_to_split() }}", "{{ share_among_processes() }}"],
    post_hook="{{ analyze_when_new() }}",
) }}

with logons as (
    select
        logon.*,
        {{ session_end('logon', 'data_through.data_through_at') }} as ended_at,
        logon.logged_off_at > data_through.data_through_at as is_logoff_ahead
    from {{ ref('stg_platform__logons') }} as logon
    left join {{ ref('int_platform_data_through') }} as data_through on true
    where {{ is_changed('logon.logon_id') }}
),

{# months are found by binary search in each subscriber's array of month starts: its last element ends the last month #}
calendars as (
    select
        subscriber_id,
        array_agg(month order by month) as months,
        array_agg(month_start_at order by month) || max(month_end_at) as starts
    from {{ ref('int_subscriber_months') }}
    group by subscriber_id
),

placed as (
    select
        logon.logon_id,
        logon.subscriber_id,
        logon.user_id,
        logon.is_locked_at_logon,
        logon.logged_on_at,
        logon.ended_at,
        calendars.months,
        calendars.starts,
        coalesce(width_bucket(logon.logged_on_at, calendars.starts), 0) as first_month,
        coalesce(
            greatest(
                width_bucket(logon.logged_on_at, calendars.starts),
                width_bucket(logon.ended_at - interval '1 microsecond', calendars.starts)
            ),
            0
        ) as last_month
    from logons as logon
    left join calendars on logon.subscriber_id = calendars.subscriber_id
),

pieces as (
    select
        placed.*,
        generate_series(placed.first_month, placed.last_month) as month_number
    from placed
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
from pieces

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
from logons
where is_logoff_ahead
