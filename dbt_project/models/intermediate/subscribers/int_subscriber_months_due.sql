{{ config(materialized='view') }}

select
    months.subscriber_id,
    months.month,
    months.month_end_at + {{ closing_grace() }} as due_at
from {{ ref('int_subscriber_months') }} as months
cross join {{ ref('int_platform_data_through') }} as data_through
where
    months.month_end_at + {{ closing_grace() }} <= data_through.data_through_at
    and not exists (
        select
        from {{ ref('subscriber_metrics_monthly') }} as closed_row
        where closed_row.subscriber_id = months.subscriber_id and closed_row.month >= months.month
    )
