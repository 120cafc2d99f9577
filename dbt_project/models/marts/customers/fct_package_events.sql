{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='event_id',
    indexes=[
        {'columns': ['customer_id']},
        {'columns': ['happened_at']},
    ],
    meta={'changed_key': ['customer_id'], 'inputs': ['fct_package_holdings', 'fct_transactions']},
) }}

with holdings as (
    select *
    from {{ ref('fct_package_holdings') }}
    where {{ is_changed('customer_id') }}
),

fees as (
    select *
    from {{ ref('fct_transactions') }}
    where
        measure in ('activation', 'renewal')
        and {{ is_changed('customer_id') }}
)

select
    'transaction ' || fees.transaction_id as event_id,
    fees.customer_id,
    holdings.account_id,
    fees.package_id,
    fees.subscription_id,
    fees.kind as event,
    fees.confirmed_at as happened_at,
    fees.amount,
    fees.currency,
    fees.reporting_amount,
    fees.reporting_currency
from fees
left join holdings
    on
        fees.subscription_id = holdings.subscription_id
        and fees.customer_id = holdings.customer_id

union all

select
    'subscription ' || subscription_id || ' activated' as event_id,
    customer_id,
    account_id,
    package_id,
    subscription_id,
    'activated' as event,
    activated_at as happened_at,
    null::numeric(20, 6) as amount,
    null::text as currency,
    null::numeric as reporting_amount,
    null::text as reporting_currency
from holdings

union all

select
    'subscription ' || subscription_id || ' stopped' as event_id,
    customer_id,
    account_id,
    package_id,
    subscription_id,
    'stopped' as event,
    stopped_at as happened_at,
    null::numeric(20, 6) as amount,
    null::text as currency,
    null::numeric as reporting_amount,
    null::text as reporting_currency
from holdings
where stopped_at is not null
