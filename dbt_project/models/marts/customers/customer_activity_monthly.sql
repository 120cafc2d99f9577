{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'month_start_date', 'active_duration_months'],
    tags=['nightly'],
) }}

with companies as (
    select * from {{ ref('dim_company') }}
),

local_months as (
    select * from {{ ref('int_local_months') }}
),

activity_changes as (
    select * from {{ ref('int_company_activity_changes') }}
),

-- `not materialized`: read twice, each time by the companies' statistics
readings as not materialized (
    select * from {{ ref('int_company_readings') }}
),

months as (
    select
        companies.company_id,
        reading.reading,
        duration.active_duration_months,
        local_months.month_start_date,
        local_months.month_number,
        local_months.as_of_at,
        local_months.is_finished
    from companies
    inner join local_months on companies.time_zone = local_months.time_zone
    cross join (values ('own'), ('branch')) as reading (reading)
    cross join (values (1), (3), (6), (12)) as duration (active_duration_months)
    where local_months.is_in_series
),

-- a move within a reading is none for it
monthly_changes as (
    select
        readings.company_id,
        readings.reading,
        activity_changes.active_duration_months,
        activity_changes.boundary_number - 1 as month_number,
        sum(activity_changes.active_change) as active_change,
        sum(activity_changes.new_count) as new_count,
        sum(activity_changes.reactivated_count) as reactivated_count,
        sum(activity_changes.churned_count) as churned_count,
        sum(activity_changes.moved_in_count) filter (where others.company_id is null) as moved_in_count,
        sum(activity_changes.moved_out_count) filter (where others.company_id is null) as moved_out_count
    from activity_changes
    inner join readings
        on activity_changes.company_id = readings.member_company_id and activity_changes.time_zone = readings.time_zone
    left join readings as others
        on
            readings.company_id = others.company_id
            and readings.reading = others.reading
            and activity_changes.other_company_id = others.member_company_id
    group by 1, 2, 3, 4
),

counted as (
    select
        months.*,
        coalesce(changes.active_change, 0) as active_change,
        coalesce(changes.new_count, 0)::bigint as new_count,
        coalesce(changes.reactivated_count, 0)::bigint as reactivated_count,
        coalesce(changes.churned_count, 0)::bigint as churned_count,
        coalesce(changes.moved_in_count, 0)::bigint as moved_in_count,
        coalesce(changes.moved_out_count, 0)::bigint as moved_out_count,
        (sum(coalesce(changes.active_change, 0)) over so_far)::bigint as active_at_end_count
    from months
    left join monthly_changes as changes
        on
            months.company_id = changes.company_id
            and months.reading = changes.reading
            and months.active_duration_months = changes.active_duration_months
            and months.month_number = changes.month_number
    window so_far as (
        partition by months.company_id, months.reading, months.active_duration_months order by months.month_number
    )
)

select
    company_id,
    reading,
    month_start_date,
    active_duration_months,
    as_of_at,
    is_finished,
    (active_at_end_count - active_change)::bigint as active_at_start_count,
    new_count,
    reactivated_count,
    churned_count,
    (active_at_end_count - active_change)::bigint - churned_count - moved_out_count as retained_count,
    moved_in_count,
    moved_out_count,
    active_at_end_count
from counted
