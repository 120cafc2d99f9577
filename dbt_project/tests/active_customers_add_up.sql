{{ config(
    enabled='billing' in var('sources'),
    tags=['nightly'],
    meta={'dagster': {'ref': {'name': 'customer_activity_monthly'}}},
) }}

-- the movements of a month explain how its first number of active customers became its last, which the next one starts with
with months as (
    select
        *,
        lead(active_at_start_count) over (
            partition by company_id, reading, active_duration_months order by month_start_date
        ) as next_active_at_start_count
    from {{ ref('customer_activity_monthly') }}
)

select *
from months
where
    active_at_start_count + new_count + reactivated_count - churned_count + moved_in_count - moved_out_count
    != active_at_end_count
    or retained_count + new_count + reactivated_count + moved_in_count != active_at_end_count
    or next_active_at_start_count != active_at_end_count
    or retained_count < 0
