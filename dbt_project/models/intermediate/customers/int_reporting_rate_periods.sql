{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['time_zone', 'currency', 'valid_from_date'],
    indexes=[{'columns': ['time_zone', 'currency', 'valid_from_date'], 'unique': true}, {'columns': ['change_id']}],
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
),

periods as (
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
)

select
    periods.time_zone,
    periods.currency,
    periods.valid_from_date,
    periods.valid_from_at,
    periods.reporting_currency,
    periods.rate,
    (
        select coalesce(max(watermark.position), 0) + 1
        from intermediate.model_watermarks as watermark
        where watermark.input = 'int_reporting_rate_periods'
    ) as change_id
from periods
{% if is_incremental() %}
    left join {{ this }} as known
        on
            periods.time_zone = known.time_zone
            and periods.currency = known.currency
            and periods.valid_from_date = known.valid_from_date
    where
        known.time_zone is null
        or (periods.valid_from_at, periods.reporting_currency, periods.rate)
        is distinct from (known.valid_from_at, known.reporting_currency, known.rate)
{% endif %}
