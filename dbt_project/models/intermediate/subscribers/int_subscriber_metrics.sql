{{ config(
    materialized='incremental',
    incremental_strategy='changed_months',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
    meta={
        'month_inputs': [
            'int_subscriber_months',
            'int_user_months_seats',
            'int_user_months_online',
            'int_subscriber_months_concurrency',
            'int_settings_in_force',
            'int_commission_runs_closed',
            'int_commission_items_counted',
            'int_process_fields_in_use',
            'int_platform_data_through',
        ],
    },
    pre_hook="{{ month_by_month() }}",
    post_hook="{{ analyze_when_new() }}",
) }}

with months as (
    {{ months_to_make() }}
)

select
    months.subscriber_id,
    months.month,
    seats.super_users,
    seats.enabled_staff,
    seats.active_staff,
    seats.enabled_managers,
    seats.active_managers,
    seats.enabled_reps,
    seats.active_reps,
    coalesce(concurrency.concurrent_max, 0) as concurrent_max,
    concurrency.concurrent_max_at,
    online.logon_minutes,
    file_limit.file_limit_mb,
    file_limit.setting_id as file_limit_setting_id,
    coalesce(commission.items, 0)::bigint as commission_items,
    commission.commission_run_id,
    coalesce(process.fields, 0)::bigint as process_fields
from months

cross join lateral (
    select
        count(*) filter (where seat.seat = 'super_users')::integer as super_users,
        {% for seat in ['staff', 'managers', 'reps'] %}
        count(*) filter (where seat.seat = '{{ seat }}' and seat.is_enabled)::integer as enabled_{{ seat }},
        count(*) filter (where seat.seat = '{{ seat }}' and online.logon_ids <> '{}')::integer as active_{{ seat }}
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_user_months_seats') }} as seat
    left join {{ ref('int_user_months_online') }} as online
        on seat.subscriber_id = online.subscriber_id and seat.month = online.month and seat.user_id = online.user_id
    where seat.subscriber_id = months.subscriber_id and seat.month = months.month and not seat.is_locked_out
) as seats

cross join lateral (
    -- seconds are summed over the users before they are cut to minutes
    select (coalesce(sum(online.online_microseconds), 0)::bigint / 60000000) as logon_minutes
    from {{ ref('int_user_months_online') }} as online
    where online.subscriber_id = months.subscriber_id and online.month = months.month
) as online

left join {{ ref('int_subscriber_months_concurrency') }} as concurrency
    on months.subscriber_id = concurrency.subscriber_id and months.month = concurrency.month

left join lateral (
    select
        setting.file_limit_mb,
        setting.setting_id
    from {{ ref('int_settings_in_force') }} as setting
    where
        setting.subscriber_id = months.subscriber_id
        and setting.setting = 'file_limit_mb'
        and setting.valid_from < months.counted_until
        and setting.valid_to > months.month_start_at
        and months.is_in_lifetime
    order by setting.file_limit_mb desc, setting.valid_from
    limit 1
) as file_limit on true

left join lateral (
    select
        run.commission_run_id,
        (
            select count(*)
            from {{ ref('int_commission_items_counted') }} as item
            where item.commission_run_id = run.commission_run_id and item.created_at < months.counted_until
        ) as items
    from {{ ref('int_commission_runs_closed') }} as run
    where
        run.subscriber_id = months.subscriber_id
        and run.closed_at < months.counted_until
        and months.is_in_lifetime
        and {{ module_is_on('commission_module', 'months') }}
    order by run.closed_at desc, run.commission_run_id desc
    limit 1
) as commission on true

left join lateral (
    select count(*) as fields
    from {{ ref('int_process_fields_in_use') }} as field
    where
        field.subscriber_id = months.subscriber_id
        and field.valid_from < months.counted_until
        and field.valid_to >= months.counted_until
        and months.is_in_lifetime
        and {{ module_is_on('process_module', 'months') }}
) as process on true
