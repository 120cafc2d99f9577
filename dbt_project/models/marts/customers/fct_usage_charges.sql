{{ config(materialized='view') }}

select
    transaction_id,
    customer_id,
    company_id,
    amount,
    currency,
    reporting_amount,
    reporting_currency,
    package_id,
    measure = 'pay_as_you_go' as is_pay_as_you_go,
    note,
    confirmed_at
from {{ ref('fct_transactions') }}
where kind = 'service_charge'
