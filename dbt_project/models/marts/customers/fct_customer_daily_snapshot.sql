{{ config(materialized='view') }}

-- each state meets the few days it holds for by the days' index on as_of_at
select
    customers.customer_id,
    customers.company_id,
    days.local_date,
    days.as_of_at,
    days.is_finished,
    history.balance_amount,
    history.currency,
    history.balance_amount * rates.rate as reporting_balance_amount,
    rates.reporting_currency,
    history.first_paid_use_at,
    history.last_paid_use_at
from {{ ref('fct_customer_history') }} as history
inner join {{ ref('dim_customer') }} as customers on history.customer_id = customers.customer_id
inner join {{ ref('dim_company') }} as companies on customers.company_id = companies.company_id
inner join {{ ref('int_series_days') }} as days
    on
        companies.time_zone = days.time_zone
        and days.as_of_at > history.valid_from
        and days.as_of_at <= coalesce(history.valid_to, 'infinity')
left join {{ ref('int_reporting_rates') }} as rates
    on history.currency = rates.currency and days.rate_date = rates.rate_date
where history.is_existing
