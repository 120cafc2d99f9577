{{ config(materialized='view') }}

with billing as (
    select data_through_at
    from {{ ref('int_billing_data_through') }}
),

days as (
    select
        companies.company_id,
        local_days.local_date,
        least(local_days.ends_at, billing.data_through_at) as as_of_at
    from {{ ref('int_local_days') }} as local_days
    inner join {{ ref('dim_company') }} as companies on local_days.time_zone = companies.time_zone
    cross join billing
    where
        local_days.starts_at < local_days.ends_at
        and local_days.starts_at < billing.data_through_at
)

select
    customers.customer_id,
    customers.company_id,
    days.local_date,
    days.as_of_at,
    history.balance_amount,
    history.currency,
    history.first_paid_use_at,
    history.last_paid_use_at
from days
inner join {{ ref('dim_customer') }} as customers on days.company_id = customers.company_id
inner join {{ ref('fct_customer_history') }} as history
    on
        customers.customer_id = history.customer_id
        and history.valid_from < days.as_of_at
        and (history.valid_to is null or history.valid_to >= days.as_of_at)
where history.is_existing
