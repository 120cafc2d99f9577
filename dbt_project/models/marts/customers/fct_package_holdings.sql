{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='subscription_id',
    indexes=[
        {'columns': ['subscription_id'], 'unique': true},
        {'columns': ['customer_id']},
    ],
    meta={'changed_key': 'customer_id', 'change_feed': 'int_customer_changes'},
) }}
-- depends_on: {{ ref('int_customer_changes') }}

select
    subscription_id,
    customer_id,
    account_id,
    package_id,
    activated_at,
    stopped_at
from {{ ref('stg_billing__subscriptions') }}
where {{ is_changed('customer_id') }}
