{{ config(
    enabled='billing' in var('sources', ['billing', 'platform', 'middleware']),
    meta={'dagster': {'ref': {'name': 'fct_hourly_movements'}}},
) }}

(
    select hour_start_at, company_id, customer_type, currency, kind, movement_count, positive_count, amount
    from {{ ref('fct_hourly_movements') }}
    except
    select {{ hourly_movement_columns('movements') }}
    from {{ ref('fct_transactions') }} as movements
    where {{ is_hourly_movement('movements') }}
    group by 1, 2, 3, 4, 5
)

union all

(
    select {{ hourly_movement_columns('movements') }}
    from {{ ref('fct_transactions') }} as movements
    where {{ is_hourly_movement('movements') }}
    group by 1, 2, 3, 4, 5
    except
    select hour_start_at, company_id, customer_type, currency, kind, movement_count, positive_count, amount
    from {{ ref('fct_hourly_movements') }}
)
