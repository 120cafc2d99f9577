{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_id',
    indexes=[{'columns': ['customer_id'], 'unique': true}, {'columns': ['change_id']}],
    pre_hook="{{ index_raw_tables('billing', ['accounts', 'subscriptions', 'transactions'], 'customer_id') }}",
    meta={
        'change_sources': [
            ['billing', 'customers'],
            ['billing', 'customer_tags'],
            ['billing', 'accounts'],
            ['billing', 'subscriptions'],
            ['billing', 'transactions'],
        ],
    },
) }}

{#- The relations built from this feed still hold who had a row before it moved to another customer. -#}
{%- set held_rows = [
    {'table': 'accounts', 'key': 'account_id', 'relation': built_relation('marts', 'dim_account')},
    {'table': 'subscriptions', 'key': 'subscription_id', 'relation': built_relation('marts', 'fct_package_holdings')},
    {'table': 'transactions', 'key': 'transaction_id', 'relation': built_relation('marts', 'fct_transactions')},
    {'table': 'transactions', 'key': 'transaction_id', 'relation': built_relation('marts', 'fct_transactions_rejected')},
] -%}

with moved as (
    select changed.id as customer_id
    from {{ source('billing', 'customers') }} as changed
    where {{ is_unread('changed', 'billing', 'customers') }}

    {% for table in ['customer_tags', 'accounts', 'subscriptions', 'transactions'] %}
        union
        select changed.customer_id
        from {{ source('billing', table) }} as changed
        where {{ is_unread('changed', 'billing', table) }}
    {% endfor %}

    {% for held in held_rows if is_incremental() and held.relation %}
        union
        select held.customer_id
        from {{ source('billing', held.table) }} as changed
        inner join {{ held.relation }} as held on changed.id = held.{{ held.key }}
        where {{ is_unread('changed', 'billing', held.table) }}
    {% endfor %}

    {% if has_input_made_anew(model.config.meta['change_sources']) %}
        -- an input that was made anew says nothing of the customers it lost
        union
        select known.customer_id
        from {{ this }} as known
    {% endif %}
)

select
    moved.customer_id,
    (
        select coalesce(max(watermark.position), 0) + 1
        from intermediate.model_watermarks as watermark
        where watermark.input = 'int_customer_changes'
    ) as change_id
from moved
