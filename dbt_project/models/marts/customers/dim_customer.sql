{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key='customer_id',
    meta={
        'changed_key': ['customer_id'],
        'raw_inputs': [
            {'source': 'billing', 'table': 'customers', 'key': 'id'},
            {'source': 'billing', 'table': 'customer_tags', 'key': 'customer_id'},
        ],
        'notes': [{'customer_id': 'customer_id'}],
    },
) }}

with customers as (
    select *
    from {{ ref('stg_billing__customers') }}
    where {{ is_changed('customer_id') }}
),

tags as (
    select
        customer_id,
        array_agg(tag order by tag collate "C") as tags
    from {{ ref('stg_billing__customer_tags') }}
    where {{ is_changed('customer_id') }}
    group by customer_id
)

select
    customers.customer_id,
    customers.company_id,
    customers.owner_user_id,
    customers.name,
    customers.customer_type,
    coalesce(tags.tags, '{}'::text[]) as tags,
    customers.currency,
    customers.created_at,
    customers.deleted_at,
    customers.live_balance_amount
from customers
left join tags on customers.customer_id = tags.customer_id
