{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='transaction_id',
    indexes=[
        {'columns': ['transaction_id'], 'unique': true},
        {'columns': ['customer_id', 'confirmed_at', 'kind', 'amount', 'currency', 'package_id']},
        {'columns': ['confirmed_at']},
    ],
    meta={'changed_key': 'customer_id', 'change_feed': 'int_customer_changes'},
) }}
-- depends_on: {{ ref('int_customer_changes') }}

with reporting_rate_dates as (
    {{ reporting_rate_dates() }}
)

select
    transactions.transaction_id,
    transactions.customer_id,
    customers.company_id,
    transactions.confirmed_at,
    (
        transactions.kind in ('service_charge', 'activation_fee', 'subscription_fee')
        and transactions.amount != 0
    ) as is_paid_use,
    transactions.amount,
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
from {{ ref('stg_billing__transactions') }} as transactions
inner join {{ ref('dim_customer') }} as customers
    on
        transactions.customer_id = customers.customer_id
        and transactions.currency = customers.currency
left join {{ ref('dim_company') }} as companies on customers.company_id = companies.company_id
{{ join_reporting_rates('companies.time_zone', 'transactions.currency', 'transactions.confirmed_at') }}
where
    transactions.confirmed_at is not null
    and transactions.deleted_at is null
    and transactions.kind in {{ transaction_kinds() }}
    and {{ is_changed('transactions.customer_id') }}
{% if not is_incremental() %}
    -- rows that reports read together lie together; later ones come in order of time by themselves
    order by transactions.confirmed_at
{% endif %}
