{{ config(materialized='view') }}

select
    transaction_id,
    customer_id,
    company_id,
    amount,
    currency,
    amount > 0 as is_counted,
    source,
    gateway,
    note,
    confirmed_at
from {{ ref('fct_transactions') }}
where kind = 'payment'
