{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['customer_id', 'valid_from'],
    indexes=[{'columns': ['valid_from']}, {'columns': ['valid_to']}],
    meta={
        'changed_key': ['customer_id'],
        'inputs': ['dim_customer', 'dim_company', 'fct_transactions', 'int_reporting_rate_periods'],
        'notes': [{'customer_id': 'customer_id'}],
    },
    pre_hook="{{ add_customers_of_changed_rates('valid_from') }}",
) }}

with customers as (
    select
        customer_id,
        company_id,
        currency,
        created_at,
        deleted_at
    from {{ ref('dim_customer') }}
    where {{ is_changed('customer_id') }}
),

companies as (
    select * from {{ ref('dim_company') }}
),

transactions as (
    select *
    from {{ ref('fct_transactions') }}
    where {{ is_changed('customer_id') }}
),

reporting_rate_dates as (
    {{ reporting_rate_dates() }}
),

moments as (
    select
        customer_id,
        confirmed_at as happened_at,
        amount,
        is_paid_use
    from transactions

    union all

    select
        customer_id,
        created_at as happened_at,
        0::numeric(20, 6) as amount,
        false as is_paid_use
    from customers

    union all

    select
        customer_id,
        deleted_at as happened_at,
        0::numeric(20, 6) as amount,
        false as is_paid_use
    from customers
    where deleted_at is not null
),

-- a state replaced within the same instant never was
changes as (
    select
        customer_id,
        happened_at,
        sum(amount) as amount,
        bool_or(is_paid_use) as is_paid_use
    from moments
    group by customer_id, happened_at
),

states as (
    select
        customer_id,
        happened_at as valid_from,
        lead(happened_at) over so_far as valid_to,
        sum(amount) over so_far as balance_amount,
        min(case when is_paid_use then happened_at end) over so_far as first_paid_use_at,
        max(case when is_paid_use then happened_at end) over so_far as last_paid_use_at
    from changes
    window so_far as (partition by customer_id order by happened_at)
),

zoned_customers as (
    select
        customers.customer_id,
        customers.currency,
        customers.created_at,
        customers.deleted_at,
        companies.time_zone
    from customers
    left join companies on customers.company_id = companies.company_id
)

select
    states.customer_id,
    states.valid_from,
    states.valid_to,
    (
        states.valid_from >= customers.created_at
        and (customers.deleted_at is null or states.valid_from < customers.deleted_at)
    ) as is_existing,
    states.balance_amount::numeric(20, 6) as balance_amount,
    customers.currency,
    states.first_paid_use_at,
    states.last_paid_use_at,
    states.balance_amount * reporting_rates.rate as reporting_balance_amount,
    reporting_rates.reporting_currency
from states
inner join zoned_customers as customers on states.customer_id = customers.customer_id
{{ join_reporting_rates('customers.time_zone', 'customers.currency', 'states.valid_from') }}
{% if not is_incremental() %}
    -- rows that reports read together lie together; later ones come in order of time by themselves
    order by states.valid_from
{% endif %}
