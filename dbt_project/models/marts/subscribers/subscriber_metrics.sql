{{ config(materialized='view') }}

select
    closed_row.subscriber_id,
    closed_row.subscriber_name,
    closed_row.month,
    to_char(closed_row.month, 'Mon YYYY') as month_label,
    closed_row.time_zone,
    closed_row.month_start_at,
    closed_row.month_end_at,
    true as is_closed,
    'closed' as status,
    {% for metric in subscriber_metrics() %}
    closed_row.{{ metric }},
    {% endfor %}
    closed_row.concurrent_max_at at time zone closed_row.time_zone as concurrent_max_local,
    closed_row.file_limit_setting_id,
    closed_row.commission_run_id,
    closed_row.data_through_at,
    closed_row.closed_at,
    closed_row.closed_as_of,
    closed_row.closed_late,
    closed_row.definition_version,
    closed_row.previous_hash,
    closed_row.row_hash
from {{ ref('subscriber_metrics_monthly') }} as closed_row

union all

select
    months.subscriber_id,
    coalesce(subscriber.subscriber_name, '') as subscriber_name,
    months.month,
    to_char(months.month, 'Mon YYYY') as month_label,
    months.time_zone,
    months.month_start_at,
    months.month_end_at,
    false as is_closed,
    'live' as status,
    {% for metric in subscriber_metrics() %}
    metrics.{{ metric }},
    {% endfor %}
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
from {{ ref('int_subscriber_months') }} as months
inner join {{ ref('int_subscriber_metrics') }} as metrics
    on months.subscriber_id = metrics.subscriber_id and months.month = metrics.month
cross join {{ ref('int_platform_data_through') }} as data_through
left join {{ ref('stg_platform__subscribers') }} as subscriber on months.subscriber_id = subscriber.subscriber_id
where not exists (
    select
    from {{ ref('subscriber_metrics_monthly') }} as closed_row
    where closed_row.subscriber_id = months.subscriber_id and closed_row.month = months.month
)
