{{ config(
    severity='warn',
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_transactions_rejected'}}},
) }}

select
    transaction_id,
    customer_id,
    kind,
    amount,
    currency,
    reason
from {{ ref('fct_transactions_rejected') }}
order by transaction_id
