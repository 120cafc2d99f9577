{{ config(
    enabled='billing' in var('sources', ['billing', 'platform', 'middleware']),
    meta={'dagster': {'ref': {'name': 'fct_transactions_rejected'}}},
) }}

with found as (
    select
        *,
        transaction_id || ' (' || reason || ')' as name
    from {{ ref('fct_transactions_rejected') }}
)

{{ fail_naming('found', 'transactions that cannot count', 'name') }}
