{{ config(materialized='incremental', incremental_strategy='append', unique_key='date_day') }}

-- a fixed span: the calendar does not depend on the day it is built
select
    day::date as date_day,
    date_trunc('month', day)::date as month_start_day,
    date_trunc('quarter', day)::date as quarter_start_day,
    extract(year from day)::int as year_number,
    extract(month from day)::int as month_number,
    extract(day from day)::int as day_of_month,
    extract(isodow from day)::int as iso_day_of_week,
    extract(isoyear from day)::int as iso_year,
    extract(week from day)::int as iso_week,
    to_char(day, 'YYYY-MM') as month_label
from generate_series(timestamp '2000-01-01', timestamp '2049-12-31', interval '1 day') as calendar (day)
{% if is_incremental() %}
    where false
{% endif %}
