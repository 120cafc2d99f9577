{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='transaction_id',
    indexes=[
        {'columns': ['customer_id', 'confirmed_at', 'measure', 'measure_count', 'measure_amount', 'currency']},
        {'columns': ['confirmed_at']},
    ],
    meta={
        'changed_key': ['customer_id'],
        'raw_inputs': [{'source': 'billing', 'table': 'transactions', 'key': 'customer_id', 'row': 'transaction_id'}],
        'inputs': ['dim_customer', 'dim_company', 'int_reporting_rate_periods', 'int_billing_data_through'],
        'notes': [
            {'customer_id': 'customer_id'},
            {'hour_start_at': "date_trunc('hour', confirmed_at, 'UTC')", 'company_id': 'company_id'},
        ],
    },
    pre_hook=[
        "{{ 'set local enable_nestloop = off' if not is_incremental() else '' }}",
        "{{ add_customers_of_changed_rates('confirmed_at') }}",
        "{{ add_customers_of_due_deletions() }}",
    ],
) }}

with reporting_rate_dates as (
    {{ reporting_rate_dates() }}
),

-- `offset 0` has each word folded once, not wherever it is used
read_transactions as (
    select *
    from {{ ref('stg_billing__transactions') }}
    where {{ is_changed('customer_id') }}
    offset 0
),

-- what a movement is to a report, and its sign there: refills credit, all else is counted as what it costs
measured as (
    select
        *,
        case
            when kind = 'payment' then 'refill'
            when kind = 'service_charge' and package_id is null then 'pay_as_you_go'
            when kind = 'activation_fee' then 'activation'
            when kind = 'subscription_fee' then 'renewal'
            else 'other'
        end as measure,
        kind in ('service_charge', 'activation_fee', 'subscription_fee') and amount != 0 as is_paid_use
    from read_transactions
    where
        confirmed_at is not null
        and not {{ has_happened('deleted_at') }}
        and kind in {{ transaction_kinds() }}
)

select
    transactions.transaction_id,
    transactions.customer_id,
    customers.company_id,
    transactions.confirmed_at,
    -- a reversal of a payment and a rollback of a fee lower the sum and are not counted; a free activation is
    case
        when transactions.measure = 'refill' then (transactions.amount > 0)::int
        when transactions.measure in ('activation', 'renewal') then (transactions.amount <= 0)::int
        else 0
    end as measure_count,
    transactions.is_paid_use,
    transactions.amount,
    case transactions.measure
        when 'refill' then transactions.amount
        when 'other' then 0
        else -transactions.amount
    end::numeric(20, 6) as measure_amount,
    transactions.measure,
    transactions.kind,
    transactions.currency,
    customers.customer_type,
    transactions.package_id,
    transactions.subscription_id,
    transactions.source,
    transactions.gateway,
    transactions.note,
    transactions.created_at,
    transactions.amount * reporting_rates.rate as reporting_amount,
    reporting_rates.reporting_currency
from measured as transactions
inner join {{ ref('dim_customer') }} as customers
    on
        transactions.customer_id = customers.customer_id
        and transactions.currency = customers.currency
left join {{ ref('dim_company') }} as companies on customers.company_id = companies.company_id
{{ join_reporting_rates('companies.time_zone', 'transactions.currency', 'transactions.confirmed_at') }}
{% if not is_incremental() %}
    -- rows that reports read together lie together; later ones come in order of time by themselves
    order by transactions.confirmed_at
{% endif %}
