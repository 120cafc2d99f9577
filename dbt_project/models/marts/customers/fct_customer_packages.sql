{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['customer_id', 'span_number'],
    indexes=[{'columns': ['package_id']}],
    meta={'changed_key': ['customer_id'], 'inputs': ['dim_customer', 'fct_package_holdings']},
) }}

with holdings as (
    -- activated before the instant and not stopped before it: open at the start, closed at the end
    select
        customer_id,
        package_id,
        tstzrange(activated_at, stopped_at, '(]') as held
    from {{ ref('fct_package_holdings') }}
    where
        (stopped_at is null or stopped_at > activated_at)
        and {{ is_changed('customer_id') }}
),

packages_held as (
    select
        customer_id,
        package_id,
        range_agg(held) as held
    from holdings
    group by customer_id, package_id
),

none_held as (
    select
        customer.customer_id,
        null::bigint as package_id,
        '{(,)}'::tstzmultirange - coalesce(range_agg(holdings.held), '{}') as held
    from {{ ref('dim_customer') }} as customer
    left join holdings on customer.customer_id = holdings.customer_id
    where {{ is_changed('customer.customer_id') }}
    group by customer.customer_id
),

held_or_none as (
    select * from packages_held
    union all
    select * from none_held
),

spans as (
    select
        held_or_none.customer_id,
        held_or_none.package_id,
        lower(span.held) as held_after_at,
        upper(span.held) as held_until_at
    from held_or_none
    cross join lateral unnest(held_or_none.held) as span (held)
)

select
    customer_id,
    (row_number() over (
        partition by customer_id
        order by held_after_at nulls first, package_id nulls first
    ))::integer as span_number,
    package_id,
    held_after_at,
    held_until_at
from spans
