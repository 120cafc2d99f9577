{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='account_id',
    indexes=[{'columns': ['account_id'], 'unique': true}, {'columns': ['customer_id']}],
    meta={'changed_key': 'customer_id', 'change_feed': 'int_customer_changes'},
) }}
-- depends_on: {{ ref('int_customer_changes') }}

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
where {{ is_changed('customer_id') }}
