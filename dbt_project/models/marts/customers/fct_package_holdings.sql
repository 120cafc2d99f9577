{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='subscription_id',
    indexes=[
        {'columns': ['customer_id']},
    ],
    meta={
        'changed_key': ['subscription_id'],
        'raw_inputs': [{'source': 'billing', 'table': 'subscriptions', 'key': 'id'}],
        'notes': [{'customer_id': 'customer_id'}],
    },
) }}

select
    subscription_id,
    customer_id,
    account_id,
    package_id,
    activated_at,
    stopped_at
from {{ ref('stg_billing__subscriptions') }}
where {{ is_changed('subscription_id') }}
