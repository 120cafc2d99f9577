{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='account_id',
    indexes=[{'columns': ['customer_id']}],
    meta={'changed_key': ['account_id'], 'raw_inputs': [{'source': 'billing', 'table': 'accounts', 'key': 'id'}]},
) }}

select
    account_id,
    customer_id,
    login,
    is_active,
    activated_at,
    deactivated_at,
    created_at,
    deleted_at
from {{ ref('stg_billing__accounts') }}
where {{ is_changed('account_id') }}
