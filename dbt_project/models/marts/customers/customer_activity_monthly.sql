{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'month_start_date', 'active_duration_months'],
    indexes=[{'columns': ['company_id', 'reading', 'month_start_date', 'active_duration_months'], 'unique': true}],
    tags=['nightly'],
) }}

with months as (
    select
        companies.company_id,
        readings.reading,
        duration.months as active_duration_months,
        months.month_start_date,
        months.month_number,
        months.as_of_at,
        months.is_finished
    from {{ ref('dim_company') }} as companies
    inner join {{ ref('int_local_months') }} as months on companies.time_zone = months.time_zone and months.is_in_series
    cross join (values ('own'), ('branch')) as readings (reading)
    cross join (values (1), (3), (6), (12)) as duration (months)
),

-- a move within a reading is none for it
changes as (
    select
        readings.company_id,
        readings.reading,
        changes.active_duration_months,
        changes.boundary_number - 1 as month_number,
        sum(changes.active_change) as active_change,
        {% for kind in ['new', 'reactivated', 'churned'] %}
            sum(changes.{{ kind }}_count) as {{ kind }}_count,
        {% endfor %}
        {% for kind in ['moved_in', 'moved_out'] %}
            coalesce(sum(changes.{{ kind }}_count) filter (where others.member_company_id is null), 0) as {{ kind }}_count
            {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_company_activity_changes') }} as changes
    inner join {{ ref('int_company_readings') }} as readings
        on changes.company_id = readings.member_company_id and changes.time_zone = readings.time_zone
    left join {{ ref('int_company_readings') }} as others
        on
            readings.company_id = others.company_id
            and readings.reading = others.reading
            and changes.other_company_id = others.member_company_id
    group by 1, 2, 3, 4
),

counted as (
    select
        months.*,
        coalesce(changes.active_change, 0) as active_change,
        {% for kind in ['new', 'reactivated', 'churned', 'moved_in', 'moved_out'] %}
            coalesce(changes.{{ kind }}_count, 0)::bigint as {{ kind }}_count,
        {% endfor %}
        (sum(coalesce(changes.active_change, 0)) over (
            partition by months.company_id, months.reading, months.active_duration_months
            order by months.month_number
        ))::bigint as active_at_end_count
    from months
    left join changes
        on
            months.company_id = changes.company_id
            and months.reading = changes.reading
            and months.active_duration_months = changes.active_duration_months
            and months.month_number = changes.month_number
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
