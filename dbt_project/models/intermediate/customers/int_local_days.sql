{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['time_zone', 'local_date'], 'unique': true}],
) }}

with extent as (
    select
        (
            select min(valid_from)
            from {{ ref('fct_customer_history') }}
            where valid_from > '-infinity'
        ) as first_at,
        (select data_through_at from {{ ref('int_billing_data_through') }}) as last_at
),

days as (
    select
        zones.time_zone,
        day::date as local_date
    from (
        -- a company without a known zone has no days, and a test says so
        select distinct time_zone
        from {{ ref('dim_company') }}
        where time_zone is not null
    ) as zones
    cross join extent
    cross join lateral generate_series(
        date_trunc('month', extent.first_at at time zone zones.time_zone),
        extent.last_at at time zone zones.time_zone,
        interval '1 day'
    ) as day
),

missing as (
    select days.*
    from days
    {% if is_incremental() %}
        where not exists (
            select from {{ this }} as known where known.time_zone = days.time_zone and known.local_date = days.local_date
        )
    {% endif %}
)

select
    time_zone,
    local_date,
    {{ function('local_day_start') }}(local_date, time_zone) as starts_at,
    {{ function('local_day_start') }}(local_date + 1, time_zone) as ends_at
from missing
