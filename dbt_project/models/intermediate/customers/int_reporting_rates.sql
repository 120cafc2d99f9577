{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['currency', 'rate_date'],
    indexes=[{'columns': ['currency', 'rate_date'], 'unique': true}],
) }}

with currencies as (
    select currency from {{ ref('dim_customer') }}
    union
    select currency from {{ ref('dim_company') }}
),

dates as (
    select distinct local_date as rate_date
    from {{ ref('int_local_days') }}
),

rates as (
    select
        currencies.currency,
        dates.rate_date,
        '{{ var("reporting_currency") }}' as reporting_currency,
        {{ function('exchange_rate') }}(
            currencies.currency, '{{ var("reporting_currency") }}', dates.rate_date
        ) as rate
    from currencies
    cross join dates
    where currencies.currency is not null
)

select *
from rates
where rate is not null
