{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['base_currency', 'currency', 'rate_date'],
) }}

select
    base_currency,
    currency,
    rate_date,
    rate
from {{ ref('stg_billing__exchange_rates') }}
where rejection_reason is null
