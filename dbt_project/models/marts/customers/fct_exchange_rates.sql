{{ config(materialized='view') }}

select
    base_currency,
    currency,
    rate_date,
    rate
from {{ ref('stg_billing__exchange_rates') }}
