{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    unique_key=['month_start_at', 'customer_id'],
    indexes=[{'columns': ['customer_id']}],
    meta={'changed_key': ['customer_id'], 'inputs': ['fct_customer_history']},
) }}

{#- The first month that no earlier build could have: it concerns every customer, changed or not. -#}
{%- if is_incremental() -%}
    {%- set first_new_month = run_query(
        "select min(month_start_at)::text from " ~ ref('int_month_starts')
        ~ " where month_start_at > (select coalesce(max(month_start_at), '-infinity') from " ~ this ~ ")"
    ).rows[0][0] -%}
{%- endif %}

with months as (
    select array_agg(month_start_at order by month_start_at) as month_starts
    from {{ ref('int_month_starts') }}
),

states as (
    select *
    from {{ ref('fct_customer_history') }}
    where
        is_existing
        and {{ is_changed('customer_id') }}

    {% if is_incremental() and first_new_month %}
        union all

        select *
        from {{ ref('fct_customer_history') }}
        where
            is_existing
            and (valid_to is null or valid_to >= '{{ first_new_month }}')
            and not {{ is_changed('customer_id') }}
    {% endif %}
),

-- the months before which a state was the one in force: those after valid_from, up to and including valid_to
spans as (
    select
        states.*,
        months.month_starts,
        width_bucket(states.valid_from, months.month_starts) as months_before_state,
        coalesce(width_bucket(states.valid_to, months.month_starts), cardinality(months.month_starts)) as months_to_end
    from states
    cross join months
)

select
    spans.month_starts[month_number] as month_start_at,
    spans.customer_id,
    spans.is_existing,
    spans.balance_amount,
    spans.currency,
    spans.first_paid_use_at,
    spans.last_paid_use_at,
    spans.valid_to
from spans
cross join lateral generate_series(spans.months_before_state + 1, spans.months_to_end) as month_number
where spans.months_before_state < spans.months_to_end
order by month_number
