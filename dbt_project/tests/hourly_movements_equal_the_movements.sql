{{ config(
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_hourly_movements'}}},
) }}

with summed as (
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
    from {{ ref('fct_transactions') }}
    where measure != 'other'
    group by 1, 2, 3, 4, 5, 6
),

kept as (
    select
        hour_start_at,
        company_id,
        customer_type,
        currency,
        measure,
        package_id,
        movement_count,
        nonzero_count,
        measure_count,
        measure_amount
    from {{ ref('fct_hourly_movements') }}
)

select * from (
    select * from kept
    except all
    select * from summed
) as only_kept

union all

select * from (
    select * from summed
    except all
    select * from kept
) as only_summed
