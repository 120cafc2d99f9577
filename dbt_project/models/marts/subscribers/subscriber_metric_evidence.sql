{{ config(materialized='view') }}

-- `not materialized`, here and below: a reader names a subscriber and a month
with metrics as not materialized (
    select * from {{ ref('subscriber_metrics') }}
),

frozen_user_months as (
    select * from {{ source('closed', 'subscriber_metric_evidence') }}
),

live_user_months as (
    select * from {{ ref('int_user_months') }}
),

user_months as (
    select
        subscriber_id,
        month,
        true as is_closed,
        user_id,
        user_name,
        user_type,
        seat,
        is_locked_out,
        is_enabled,
        seat_during,
        enabled_during,
        logon_ids,
        online_during,
        online_microseconds
    from frozen_user_months

    union all

    select
        subscriber_id,
        month,
        false as is_closed,
        user_id,
        user_name,
        user_type,
        seat,
        is_locked_out,
        is_enabled,
        seat_during,
        enabled_during,
        logon_ids,
        online_during,
        online_microseconds
    from live_user_months
),

-- a closed month has what was frozen with it, any other what is counted now
counted as (
    select
        user_months.*,
        metrics.concurrent_max_at
    from user_months
    inner join metrics
        on
            user_months.subscriber_id = metrics.subscriber_id
            and user_months.month = metrics.month
            and user_months.is_closed = metrics.is_closed
)

select
    counted.subscriber_id,
    counted.month,
    counted.is_closed,
    evidence.metric,
    counted.user_id,
    counted.user_name,
    counted.user_type,
    evidence.quantity,
    evidence.unit,
    evidence.fact,
    evidence.during,
    evidence.seat_during,
    evidence.logon_ids
from counted
cross join lateral (
    {% for metric, rule in seat_metrics().items() %}
    select
        '{{ metric }}' as metric,
        1::numeric as quantity,
        'users' as unit,
        '{{ rule.fact }}' as fact,
        {{ rule.during or 'null::tstzmultirange' }} as during,
        counted.seat_during,
        {{ 'counted.logon_ids' if 'logons' in rule.raw_tables else 'null::bigint[]' }} as logon_ids
    where not counted.is_locked_out and {{ rule.counts }}

    union all
    {% endfor %}

    select
        'concurrent_max' as metric,
        1::numeric as quantity,
        'users' as unit,
        'was logged on at that instant' as fact,
        counted.online_during as during,
        null::tstzmultirange as seat_during,
        null::bigint[] as logon_ids
    where counted.online_during @> counted.concurrent_max_at

    union all

    select
        'logon_minutes' as metric,
        counted.online_microseconds / 1000000.0 as quantity,
        'seconds' as unit,
        'was logged on' as fact,
        counted.online_during as during,
        null::tstzmultirange as seat_during,
        null::bigint[] as logon_ids
    where counted.online_microseconds > 0
) as evidence

union all

select
    metrics.subscriber_id,
    metrics.month,
    metrics.is_closed,
    evidence.metric,
    null::bigint as user_id,
    null::text as user_name,
    null::text as user_type,
    evidence.quantity,
    evidence.unit,
    evidence.fact,
    null::tstzmultirange as during,
    null::tstzmultirange as seat_during,
    null::bigint[] as logon_ids
from metrics
cross join lateral (
    values
    ('file_limit_mb', metrics.file_limit_mb, 'MB', 'setting ' || metrics.file_limit_setting_id),
    ('commission_items', metrics.commission_items::numeric, 'items', 'commission run ' || metrics.commission_run_id),
    (
        'process_fields', nullif(metrics.process_fields, 0)::numeric, 'fields',
        'fields of forms, neither in the trash'
    )
) as evidence (metric, quantity, unit, fact)
where evidence.quantity is not null and evidence.fact is not null
