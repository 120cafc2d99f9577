{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ begin_hourly_movements() }}",
    post_hook="{{ keep_hourly_movements() }}",
) }}

{# Summed up once; from then on triggers on the movements keep it, see macros/hourly_movements.sql. #}

select
    {{ hourly_movement_columns('movements') }}
from {{ ref('fct_transactions') }} as movements
where
    movements.measure != 'other'
    {% if is_incremental() and are_hourly_movements_kept() %}
        and false
    {% endif %}
group by 1, 2, 3, 4, 5, 6
order by 1
