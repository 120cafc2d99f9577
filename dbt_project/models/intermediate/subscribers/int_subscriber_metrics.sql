{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['subscriber_id', 'month'],
    indexes=[{'columns': ['subscriber_id', 'month'], 'unique': true}],
    meta={
        'changed_key': ['subscriber_id', 'month'],
        'inputs': [
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
    pre_hook="set local enable_memoize = off",
) }}

with months as (
    {{ months_to_make() }}
),

seats as (
    select * from {{ ref('int_user_months_seats') }}
),

-- `not materialized`: read twice, by its index
online as not materialized (
    select * from {{ ref('int_user_months_online') }}
),

concurrency as (
    select * from {{ ref('int_subscriber_months_concurrency') }}
),

settings as (
    select * from {{ ref('int_settings_in_force') }}
),

commission_runs as (
    select * from {{ ref('int_commission_runs_closed') }}
),

commission_items as (
    select * from {{ ref('int_commission_items_counted') }}
),

process_fields as (
    select * from {{ ref('int_process_fields_in_use') }}
),

seat_counts as (
    select
        months.subscriber_id,
        months.month,
        {% for metric, rule in seat_metrics().items() %}
        count(*) filter (where {{ rule.counts }})::integer as {{ metric }}{{ ',' if not loop.last }}
        {% endfor %}
    from months
    inner join seats on months.subscriber_id = seats.subscriber_id and months.month = seats.month
    left join online
        on
            seats.subscriber_id = online.subscriber_id
            and seats.month = online.month
            and seats.user_id = online.user_id
    where not seats.is_locked_out
    group by months.subscriber_id, months.month
),

-- seconds are summed over the users before they are cut to minutes
logon_times as (
    select
        months.subscriber_id,
        months.month,
        sum(online.online_microseconds)::bigint / 60000000 as logon_minutes
    from months
    inner join online on months.subscriber_id = online.subscriber_id and months.month = online.month
    group by months.subscriber_id, months.month
),

file_limits as (
    select distinct on (months.subscriber_id, months.month)
        months.subscriber_id,
        months.month,
        settings.file_limit_mb,
        settings.setting_id as file_limit_setting_id
    from months
    inner join settings
        on
            months.subscriber_id = settings.subscriber_id
            and months.counted_until > settings.valid_from
            and months.month_start_at < settings.valid_to
    where months.is_in_lifetime and settings.setting = 'file_limit_mb'
    order by months.subscriber_id asc, months.month asc, settings.file_limit_mb desc, settings.valid_from asc
),

last_commission_runs as (
    select distinct on (months.subscriber_id, months.month)
        months.subscriber_id,
        months.month,
        months.counted_until,
        commission_runs.commission_run_id
    from months
    inner join commission_runs
        on months.subscriber_id = commission_runs.subscriber_id and months.counted_until > commission_runs.closed_at
    where months.is_in_lifetime and {{ module_is_on('commission_module', 'months') }}
    order by
        months.subscriber_id asc, months.month asc, commission_runs.closed_at desc, commission_runs.commission_run_id desc
),

commissions as (
    select
        runs.subscriber_id,
        runs.month,
        runs.commission_run_id,
        count(items.commission_run_id) as commission_items
    from last_commission_runs as runs
    left join commission_items as items
        on runs.commission_run_id = items.commission_run_id and runs.counted_until > items.created_at
    group by runs.subscriber_id, runs.month, runs.commission_run_id
),

process_counts as (
    select
        months.subscriber_id,
        months.month,
        count(*) as process_fields
    from months
    inner join process_fields
        on
            months.subscriber_id = process_fields.subscriber_id
            and months.counted_until > process_fields.valid_from
            and months.counted_until <= process_fields.valid_to
    where months.is_in_lifetime and {{ module_is_on('process_module', 'months') }}
    group by months.subscriber_id, months.month
)

select
    months.subscriber_id,
    months.month,
    {% for metric in seat_metrics() %}
    coalesce(seat_counts.{{ metric }}, 0) as {{ metric }},
    {% endfor %}
    coalesce(concurrency.concurrent_max, 0) as concurrent_max,
    concurrency.concurrent_max_at,
    coalesce(logon_times.logon_minutes, 0) as logon_minutes,
    file_limits.file_limit_mb,
    file_limits.file_limit_setting_id,
    coalesce(commissions.commission_items, 0) as commission_items,
    commissions.commission_run_id,
    coalesce(process_counts.process_fields, 0) as process_fields
from months
left join seat_counts on months.subscriber_id = seat_counts.subscriber_id and months.month = seat_counts.month
left join concurrency on months.subscriber_id = concurrency.subscriber_id and months.month = concurrency.month
left join logon_times on months.subscriber_id = logon_times.subscriber_id and months.month = logon_times.month
left join file_limits on months.subscriber_id = file_limits.subscriber_id and months.month = file_limits.month
left join commissions on months.subscriber_id = commissions.subscriber_id and months.month = commissions.month
left join process_counts on months.subscriber_id = process_counts.subscriber_id and months.month = process_counts.month
