{{ config(materialized='incremental', incremental_strategy='sync', unique_key='package_id') }}

select
    package_id,
    company_id,
    name,
    activation_fee_amount,
    subscription_fee_amount,
    currency,
    period_months,
    created_at,
    deleted_at
from {{ ref('stg_billing__packages') }}
