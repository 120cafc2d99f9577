{{ config(materialized='view') }}

select
    transaction_id,
    customer_id,
    company_id,
    amount,
    currency,
    reporting_amount,
    reporting_currency,
    measure_count = 1 as is_counted,
    source,
    gateway,
    note,
    confirmed_at
from {{ ref('fct_transactions') }}
where measure = 'refill'
