{{ config(materialized='incremental', incremental_strategy='sync', unique_key='owner_user_id') }}

select
    user_id as owner_user_id,
    company_id,
    login,
    name,
    deleted_at
from {{ ref('stg_billing__users') }}
