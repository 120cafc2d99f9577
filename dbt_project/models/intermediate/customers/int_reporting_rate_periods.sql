{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['time_zone', 'currency', 'valid_from_date'],
    indexes=[{'columns': ['time_zone', 'currency', 'valid_from_date'], 'unique': true}],
    meta={'notes': [{'time_zone': 'time_zone', 'currency': 'currency', 'valid_from_date': 'valid_from_date'}]},
) }}

with pairs as (
    select distinct
        companies.time_zone,
        customers.currency
    from {{ ref('stg_billing__customers') }} as customers
    inner join {{ ref('dim_company') }} as companies on customers.company_id = companies.company_id
    where companies.time_zone is not null and customers.currency is not null
),

-- a date stays where its rate is withdrawn: from it on, the rate before holds again
dates as (
    select date '-infinity' as valid_from_date
    union
    select rate_date from {{ ref('fct_exchange_rates') }}
    {% if is_incremental() %}
        union
        select known.valid_from_date from {{ this }} as known
    {% endif %}
),

starts as (
    select
        zones.time_zone,
        dates.valid_from_date,
        case
            when isfinite(dates.valid_from_date)
                then {{ function('local_day_start') }}(dates.valid_from_date, zones.time_zone)
            else dates.valid_from_date::timestamptz
        end as valid_from_at
    from (select distinct time_zone from pairs) as zones
    cross join dates
),

rates as (
    select
        currencies.currency,
        dates.valid_from_date,
        '{{ var("reporting_currency") }}' as reporting_currency,
        {{ function('exchange_rate') }}(
            currencies.currency, '{{ var("reporting_currency") }}', dates.valid_from_date
        ) as rate
    from (select distinct currency from pairs) as currencies
    cross join dates
)

select
    starts.time_zone,
    rates.currency,
    starts.valid_from_date,
    starts.valid_from_at,
    rates.reporting_currency,
    rates.rate
from pairs
inner join starts on pairs.time_zone = starts.time_zone
inner join rates on pairs.currency = rates.currency and starts.valid_from_date = rates.valid_from_date
