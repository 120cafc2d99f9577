with billing as (
    select
        data_through_at,
        (
            select min(created_at)
            from {{ ref('dim_customer') }}
            where isfinite(created_at)
        ) as first_data_at
    from {{ ref('int_billing_data_through') }}
),

calendar as (
    select distinct
        time_zone,
        date_trunc('month', local_date)::date as month_start_date
    from {{ ref('int_local_days') }}
),

months as (
    select
        time_zone,
        month_start_date,
        {{ function('local_day_start') }}(month_start_date, time_zone) as starts_at,
        {{ function('local_day_start') }}((month_start_date + interval '1 month')::date, time_zone) as ends_at
    from calendar
)

select
    months.time_zone,
    months.month_start_date,
    months.starts_at,
    least(months.ends_at, billing.data_through_at) as as_of_at,
    months.ends_at <= billing.data_through_at as is_finished,
    months.ends_at > billing.first_data_at as is_in_series,
    row_number() over (partition by months.time_zone order by months.month_start_date)::int as month_number
from months
cross join billing
where months.starts_at < billing.data_through_at
