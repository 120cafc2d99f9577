{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='transaction_id',
    indexes=[{'columns': ['customer_id']}],
    meta={
        'changed_key': ['customer_id'],
        'raw_inputs': [{'source': 'billing', 'table': 'transactions', 'key': 'customer_id', 'row': 'transaction_id'}],
        'inputs': ['dim_customer', 'int_billing_data_through'],
    },
    pre_hook="{{ add_customers_of_due_deletions() }}",
) }}

select
    transactions.transaction_id,
    transactions.customer_id,
    transactions.kind,
    transactions.amount,
    transactions.currency,
    transactions.confirmed_at,
    case
        when customers.customer_id is null then 'unknown customer'
        when transactions.kind not in {{ transaction_kinds() }} then 'unknown kind ' || transactions.kind
        else 'currency differs from the customer''s ' || customers.currency
    end as reason
from {{ ref('stg_billing__transactions') }} as transactions
left join {{ ref('dim_customer') }} as customers on transactions.customer_id = customers.customer_id
where
    transactions.confirmed_at is not null
    and not {{ has_happened('transactions.deleted_at') }}
    and (
        transactions.currency is distinct from customers.currency
        or transactions.kind not in {{ transaction_kinds() }}
    )
    and {{ is_changed('transactions.customer_id') }}
