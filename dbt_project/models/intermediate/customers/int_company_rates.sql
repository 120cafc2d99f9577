{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['currency', 'company_currency', 'rate_date'],
    indexes=[{'columns': ['currency', 'company_currency', 'rate_date'], 'unique': true}],
    tags=['nightly'],
) }}

with converted as (
    select
        states.currency,
        companies.currency as company_currency,
        days.rate_date
    from {{ ref('int_company_daily_states') }} as states
    inner join {{ ref('dim_company') }} as companies on states.company_id = companies.company_id
    inner join {{ ref('int_series_days') }} as days
        on companies.time_zone = days.time_zone and states.local_date = days.local_date
    where states.all_balance_pos != 0 or states.all_balance_neg != 0

    union

    select
        movements.currency,
        companies.currency as company_currency,
        movements.local_date as rate_date
    from {{ ref('int_company_daily_movements') }} as movements
    inner join {{ ref('dim_company') }} as companies on movements.company_id = companies.company_id
),

rates as (
    select
        currency,
        company_currency,
        rate_date,
        {{ function('exchange_rate') }}(currency, company_currency, rate_date) as rate
    from converted
)

select *
from rates
where rate is not null
