{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_id',
    indexes=[{'columns': ['customer_id'], 'unique': true}, {'columns': ['change_id']}],
    pre_hook=[
        "{{ index_raw_tables('billing', ['accounts', 'subscriptions', 'transactions'], 'customer_id') }}",
        "{{ index_raw_tables('billing', ['transactions'], 'deleted_at', only_filled=true) }}",
    ],
    meta={
        'change_feed': 'int_reporting_rate_periods',
        'change_sources': [
            ['billing', 'companies'],
            ['billing', 'customers'],
            ['billing', 'customer_tags'],
            ['billing', 'accounts'],
            ['billing', 'subscriptions'],
            ['billing', 'transactions'],
        ],
    },
) }}
-- depends_on: {{ ref('dim_company') }}

{#- The relations built from this feed still hold who had a row before it moved to another customer. -#}
{%- set held_rows = [
    {'table': 'accounts', 'key': 'account_id', 'relation': built_relation('marts', 'dim_account')},
    {'table': 'subscriptions', 'key': 'subscription_id', 'relation': built_relation('marts', 'fct_package_holdings')},
    {'table': 'transactions', 'key': 'transaction_id', 'relation': built_relation('marts', 'fct_transactions')},
    {'table': 'transactions', 'key': 'transaction_id', 'relation': built_relation('marts', 'fct_transactions_rejected')},
] -%}

{#- From when on rates have changed: a literal, so that the planner sees how few states lie beyond it. -#}
{%- set rates = {'name': 'int_reporting_rate_periods', 'relation': ref('int_reporting_rate_periods'), 'position': 'change_id'} -%}
{%- set history = built_relation('marts', 'fct_customer_history') -%}
{%- set rates_changed_from = none -%}
{%- if execute and is_incremental() -%}
    {%- set rates_changed_from = run_query(
        "select min(valid_from_at)::text from " ~ rates.relation ~ " where change_id > " ~ read_position(rates)
    ).rows[0][0] -%}
{%- endif %}

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

    -- a deletion that lay ahead has come, and no row says so
    union
    select deleted.customer_id
    from {{ source('billing', 'transactions') }} as deleted
    where
        deleted.deleted_at <= (select billing.data_through_at from {{ ref('int_billing_data_through') }} as billing)
        and deleted.deleted_at > coalesce(
            (
                select recorded.data_through_at
                from intermediate.recorded_data_through as recorded
                where recorded.source = 'billing'
            ),
            '-infinity'
        )

    -- whose company has another row has perhaps another zone, whose days begin elsewhere
    union
    select customers.customer_id
    from {{ source('billing', 'companies') }} as changed
    inner join {{ ref('stg_billing__customers') }} as customers on changed.id = customers.company_id
    where {{ is_unread('changed', 'billing', 'companies') }}

    {% if rates_changed_from is not none and not history %}
        union
        select known.customer_id
        from {{ this }} as known
    {% elif rates_changed_from is not none %}
        union
        select states.customer_id
        from {{ history }} as states
        inner join {{ ref('stg_billing__customers') }} as customers on states.customer_id = customers.customer_id
        inner join {{ ref('dim_company') }} as companies on customers.company_id = companies.company_id
        inner join (
            select
                time_zone,
                currency,
                unnest(range_agg(tstzrange(valid_from_at, valid_to_at)) filter (where is_changed)) as changed_during
            from (
                select
                    time_zone,
                    currency,
                    valid_from_at,
                    lead(valid_from_at) over (partition by time_zone, currency order by valid_from_date) as valid_to_at,
                    change_id > {{ read_position(rates) }} as is_changed
                from {{ ref('int_reporting_rate_periods') }}
            ) as periods
            group by time_zone, currency
        ) as changed_rates
            on
                companies.time_zone = changed_rates.time_zone
                and customers.currency = changed_rates.currency
                and states.valid_from <@ changed_rates.changed_during
        where states.valid_from >= '{{ rates_changed_from }}'
    {% endif %}

    {% if has_input_made_anew(model.config.meta['change_sources']) %}
        -- an input that was rebuilt says nothing of the customers it lost
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
