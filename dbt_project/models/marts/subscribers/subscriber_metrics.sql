{{ config(materialized='view') }}

-- `not materialized`: read twice, and a reader names a subscriber and a month
with closed_months as not materialized (
    select * from {{ ref('subscriber_metrics_monthly') }}
),

months as (
    select * from {{ ref('int_subscriber_months') }}
),

metrics as (
    select * from {{ ref('int_subscriber_metrics') }}
),

subscribers as (
    select * from {{ ref('stg_platform__subscribers') }}
),

data_through as (
    select * from {{ ref('int_platform_data_through') }}
)

select
    closed_months.subscriber_id,
    closed_months.subscriber_name,
    closed_months.month,
    to_char(closed_months.month, 'Mon YYYY') as month_label,
    closed_months.time_zone,
    closed_months.month_start_at,
    closed_months.month_end_at,
    true as is_closed,
    'closed' as status,
    {{ metric_columns('closed_months') }},
    closed_months.concurrent_max_at at time zone closed_months.time_zone as concurrent_max_local,
    closed_months.file_limit_setting_id,
    closed_months.commission_run_id,
    closed_months.data_through_at,
    closed_months.closed_at,
    closed_months.closed_as_of,
    closed_months.closed_late,
    closed_months.definition_version,
    closed_months.previous_hash,
    closed_months.row_hash
from closed_months

union all

select
    months.subscriber_id,
    coalesce(subscribers.subscriber_name, '') as subscriber_name,
    months.month,
    to_char(months.month, 'Mon YYYY') as month_label,
    months.time_zone,
    months.month_start_at,
    months.month_end_at,
    false as is_closed,
    'live' as status,
    {{ metric_columns('metrics') }},
    metrics.concurrent_max_at at time zone months.time_zone as concurrent_max_local,
    metrics.file_limit_setting_id,
    metrics.commission_run_id,
    data_through.data_through_at,
    null::timestamptz as closed_at,
    null::timestamptz as closed_as_of,
    null::boolean as closed_late,
    {{ subscriber_metrics_definition_version() }} as definition_version,
    null::text as previous_hash,
    null::text as row_hash
from months
inner join metrics on months.subscriber_id = metrics.subscriber_id and months.month = metrics.month
cross join data_through
left join subscribers on months.subscriber_id = subscribers.subscriber_id
where not exists (
    select
    from closed_months
    where closed_months.subscriber_id = months.subscriber_id and closed_months.month = months.month
)
