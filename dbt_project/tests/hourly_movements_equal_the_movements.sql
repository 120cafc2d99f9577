{{ config(
    enabled='billing' in var('sources'),
    meta={'dagster': {'ref': {'name': 'fct_hourly_movements'}}},
) }}

(
    select {{ hourly_movement_key() }}, movement_count, nonzero_count, measure_count, measure_amount
    from {{ ref('fct_hourly_movements') }}
    except
    select {{ hourly_movement_columns('movements') }}
    from {{ ref('fct_transactions') }} as movements
    where movements.measure != 'other'
    group by 1, 2, 3, 4, 5, 6
)

union all

(
    select {{ hourly_movement_columns('movements') }}
    from {{ ref('fct_transactions') }} as movements
    where movements.measure != 'other'
    group by 1, 2, 3, 4, 5, 6
    except
    select {{ hourly_movement_key() }}, movement_count, nonzero_count, measure_count, measure_amount
    from {{ ref('fct_hourly_movements') }}
)
