{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'currency', 'local_date'],
    tags=['nightly'],
) }}

{% set measures = [
    'refill_count', 'refill_amount', 'pay_as_you_go_amount', 'activation_count', 'activation_amount',
    'renewal_count', 'renewal_amount',
] %}

with calendars as (
    select
        time_zone,
        array_agg(local_date order by day_number) as local_dates,
        array_agg(starts_at order by day_number) as starts,
        max(as_of_at) as ends_at
    from {{ ref('int_series_days') }}
    group by time_zone
),

viewings as (
    select distinct
        member_company_id as company_id,
        time_zone
    from {{ ref('int_company_readings') }}
),

own_sums as (
    select
        calendars.time_zone,
        movements.company_id,
        movements.currency,
        calendars.local_dates[width_bucket(movements.confirmed_at, calendars.starts)] as local_date,
        sum(movements.measure_count) filter (where movements.measure = 'refill') as refill_count,
        sum(movements.measure_amount) filter (where movements.measure = 'refill') as refill_amount,
        sum(movements.measure_amount) filter (where movements.measure = 'pay_as_you_go') as pay_as_you_go_amount,
        sum(movements.measure_count) filter (where movements.measure = 'activation') as activation_count,
        sum(movements.measure_amount) filter (where movements.measure = 'activation') as activation_amount,
        sum(movements.measure_count) filter (where movements.measure = 'renewal') as renewal_count,
        sum(movements.measure_amount) filter (where movements.measure = 'renewal') as renewal_amount
    from {{ ref('fct_transactions') }} as movements
    inner join viewings on movements.company_id = viewings.company_id
    inner join calendars
        on
            viewings.time_zone = calendars.time_zone
            and movements.confirmed_at >= calendars.starts[1]
            and movements.confirmed_at < calendars.ends_at
    where movements.measure != 'other'
    group by 1, 2, 3, 4
)

select
    readings.company_id,
    readings.reading,
    own_sums.currency,
    own_sums.local_date,
    {% for measure in measures %}
        coalesce(sum(own_sums.{{ measure }}), 0){{ '::bigint' if measure.endswith('count') }} as {{ measure }}
        {{- ',' if not loop.last }}
    {% endfor %}
from own_sums
inner join {{ ref('int_company_readings') }} as readings
    on own_sums.company_id = readings.member_company_id and own_sums.time_zone = readings.time_zone
group by readings.company_id, readings.reading, own_sums.currency, own_sums.local_date
