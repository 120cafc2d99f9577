{{ config(
    enabled='billing' in var('sources'),
    severity='warn',
    tags=['nightly'],
    meta={'dagster': {'ref': {'name': 'int_reporting_rates'}}},
) }}

-- what cannot be converted leaves the reporting amounts of its company and day empty until the rate is known
with converted as (
    select
        states.currency,
        days.rate_date
    from {{ ref('int_company_daily_states') }} as states
    inner join {{ ref('dim_company') }} as companies on states.company_id = companies.company_id
    inner join {{ ref('int_series_days') }} as days
        on companies.time_zone = days.time_zone and states.local_date = days.local_date
    where states.all_balance_pos != 0 or states.all_balance_neg != 0

    union

    select
        currency,
        local_date as rate_date
    from {{ ref('int_company_daily_movements') }}
    where refill_amount != 0 or pay_as_you_go_amount != 0 or activation_amount != 0 or renewal_amount != 0
)

select
    converted.currency,
    converted.rate_date,
    'no exchange rate from ' || converted.currency || ' to {{ var("reporting_currency") }} on or before '
    || converted.rate_date as reason
from converted
left join {{ ref('int_reporting_rates') }} as rates
    on converted.currency = rates.currency and converted.rate_date = rates.rate_date
where rates.currency is null
order by converted.currency, converted.rate_date
