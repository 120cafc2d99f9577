{{ config(
    severity='warn',
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'stg_billing__exchange_rates'}}},
) }}

select
    base_currency,
    currency,
    rate_date,
    rate,
    rejection_reason
from {{ ref('stg_billing__exchange_rates') }}
where rejection_reason is not null
order by base_currency, currency, rate_date
