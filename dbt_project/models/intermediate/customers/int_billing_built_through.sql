{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key='source',
) }}
-- built last, after all that reports read:
-- {{ ref('dim_company') }} {{ ref('dim_owner') }} {{ ref('dim_package') }} {{ ref('dim_account') }}
-- {{ ref('fct_transactions_rejected') }} {{ ref('fct_hourly_movements') }} {{ ref('fct_customer_packages') }}
-- {{ ref('fct_package_events') }} {{ ref('fct_customer_month_start') }}

select
    source,
    data_through_at
from {{ ref('int_billing_data_through') }}
