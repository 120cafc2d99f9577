{{ config(
    materialized='incremental',
    incremental_strategy='changed_keys',
    indexes=[{'columns': ['hour_start_at', 'company_id']}],
    meta={'changed_key': ['hour_start_at', 'company_id'], 'inputs': ['fct_transactions']},
) }}

with movements as (
    {% if is_incremental() %}
        -- `offset 0` has each hour read by the index: how few rows lie within it the planner does not know
        select movements.*
        from (select distinct hour_start_at from changed_keys) as hours
        cross join lateral (
            select *
            from {{ ref('fct_transactions') }} as transactions
            where transactions.confirmed_at between hours.hour_start_at and hours.hour_start_at + interval '1 hour'
            offset 0
        ) as movements
        inner join changed_keys
            on
                hours.hour_start_at = changed_keys.hour_start_at
                and date_trunc('hour', movements.confirmed_at, 'UTC') = changed_keys.hour_start_at
                and movements.company_id = changed_keys.company_id
        where movements.measure != 'other'
    {% else %}
        select *
        from {{ ref('fct_transactions') }}
        where measure != 'other'
    {% endif %}
)

select
    date_trunc('hour', confirmed_at, 'UTC') as hour_start_at,
    company_id,
    customer_type,
    currency,
    measure,
    case when measure in ('activation', 'renewal') then package_id end as package_id,
    count(*) as movement_count,
    count(*) filter (where measure_amount != 0) as nonzero_count,
    sum(measure_count) as measure_count,
    sum(measure_amount)::numeric(38, 6) as measure_amount
from movements
group by 1, 2, 3, 4, 5, 6
order by 1
