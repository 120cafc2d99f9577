{{ config(materialized='view') }}

with counted as (
    select
        frozen.subscriber_id,
        frozen.month,
        true as is_closed,
        frozen.user_id,
        frozen.user_name,
        frozen.user_type,
        frozen.seat,
        frozen.is_locked_out,
        frozen.is_enabled,
        frozen.seat_during,
        frozen.enabled_during,
        frozen.logon_ids,
        frozen.online_during,
        frozen.online_microseconds
    from {{ ref('subscriber_metrics_monthly') }} as closed_row
    inner join {{ source('closed', 'subscriber_metric_evidence') }} as frozen
        on closed_row.subscriber_id = frozen.subscriber_id and closed_row.month = frozen.month

    union all

    select
        live.subscriber_id,
        live.month,
        false as is_closed,
        live.user_id,
        live.user_name,
        live.user_type,
        live.seat,
        live.is_locked_out,
        live.is_enabled,
        live.seat_during,
        live.enabled_during,
        live.logon_ids,
        live.online_during,
        live.online_microseconds
    from {{ ref('int_user_months') }} as live
    where not exists (
        select
        from {{ ref('subscriber_metrics_monthly') }} as closed_row
        where closed_row.subscriber_id = live.subscriber_id and closed_row.month = live.month
    )
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
inner join {{ ref('subscriber_metrics') }} as metrics
    on counted.subscriber_id = metrics.subscriber_id and counted.month = metrics.month
cross join lateral (
    select
        counted.seat is not null and not counted.is_locked_out as has_seat,
        counted.logon_ids <> '{}' as has_logged_on
) as state
cross join lateral (
    values
    (
        case when state.has_seat and counted.seat = 'super_users' then 'super_users' end,
        1::numeric, 'users', 'held the role super', counted.seat_during, counted.seat_during, null::bigint[]
    ),
    (
        case when state.has_seat and counted.seat <> 'super_users' and counted.is_enabled then 'enabled_' || counted.seat end,
        1::numeric, 'users', 'was enabled', counted.enabled_during, counted.seat_during, null::bigint[]
    ),
    (
        case when state.has_seat and counted.seat <> 'super_users' and state.has_logged_on then 'active_' || counted.seat end,
        1::numeric, 'users', 'logged on', null::tstzmultirange, counted.seat_during, counted.logon_ids
    ),
    (
        case when counted.online_during @> metrics.concurrent_max_at then 'concurrent_max' end,
        1::numeric, 'users', 'was logged on at that instant', counted.online_during, null::tstzmultirange, null::bigint[]
    ),
    (
        case when counted.online_microseconds > 0 then 'logon_minutes' end,
        counted.online_microseconds / 1000000.0, 'seconds', 'was logged on', counted.online_during, null::tstzmultirange,
        null::bigint[]
    )
) as evidence (metric, quantity, unit, fact, during, seat_during, logon_ids)
where evidence.metric is not null

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
from {{ ref('subscriber_metrics') }} as metrics
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
