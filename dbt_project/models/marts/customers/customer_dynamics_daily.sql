{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'local_date', 'active_duration_months'],
    indexes=[{'columns': ['company_id', 'local_date', 'active_duration_months'], 'unique': true}],
    tags=['nightly'],
) }}

{% set blocks = ['all', 'overall_active', 'active_1', 'active_3', 'active_6', 'active_12'] %}
{% set amounts = ['refill', 'pay_as_you_go', 'activation', 'renewal'] %}
{% set counts = ['refill', 'activation', 'renewal'] %}

with days as (
    select
        companies.company_id,
        companies.currency as company_currency,
        days.local_date,
        days.as_of_at,
        days.rate_date
    from {{ ref('dim_company') }} as companies
    inner join {{ ref('int_series_days') }} as days on companies.time_zone = days.time_zone
),

-- a rate is asked for only where there is something to convert
priced_states as (
    select
        states.*,
        case
            when states.all_balance_pos != 0 or states.all_balance_neg != 0
                then {{ function('required_exchange_rate') }}(states.currency, days.company_currency, days.rate_date)
            else 0
        end as rate
    from {{ ref('int_company_daily_states') }} as states
    inner join days on states.company_id = days.company_id and states.local_date = days.local_date
),

priced_movements as (
    select
        movements.*,
        case
            when {% for name in amounts %}movements.{{ name }}_amount != 0{{ ' or ' if not loop.last }}{% endfor %}
                then {{ function('required_exchange_rate') }}(movements.currency, days.company_currency, movements.local_date)
            else 0
        end as rate
    from {{ ref('int_company_daily_movements') }} as movements
    inner join days on movements.company_id = days.company_id and movements.local_date = days.local_date
),

states as (
    select
        company_id,
        local_date,
        {% for block in blocks %}
            sum({{ block }}_count)::bigint as {{ block }}_count,
            sum({{ block }}_balance_pos * rate) as {{ block }}_balance_pos,
            sum({{ block }}_balance_neg * rate) as {{ block }}_balance_neg
            {{- ',' if not loop.last }}
        {% endfor %}
    from priced_states
    group by company_id, local_date
),

movements as (
    select
        company_id,
        local_date,
        {% for name in counts %}
            sum({{ name }}_count)::bigint as {{ name }}_count,
        {% endfor %}
        {% for name in amounts %}
            sum({{ name }}_amount * rate) as {{ name }}_amount
            {{- ',' if not loop.last }}
        {% endfor %}
    from priced_movements
    group by company_id, local_date
),

-- one row per duration; a day before the first customer or movement of a branch is a row of zeros
sums as (
    select
        days.company_id,
        days.local_date,
        duration.months as active_duration_months,
        days.as_of_at,
        days.company_currency as currency,
        coalesce(active.active_count, 0) as active_count,
        coalesce(active.active_balance_pos, 0) as active_balance_pos_amount,
        coalesce(active.active_balance_neg, 0) as active_balance_neg_amount,
        {% for block in ['overall_active', 'all'] %}
            coalesce(states.{{ block }}_count, 0) as {{ block }}_count,
            coalesce(states.{{ block }}_balance_pos, 0) as {{ block }}_balance_pos_amount,
            coalesce(states.{{ block }}_balance_neg, 0) as {{ block }}_balance_neg_amount,
        {% endfor %}
        {% for name in counts %}
            coalesce(movements.{{ name }}_count, 0) as {{ name }}_count,
        {% endfor %}
        {% for name in amounts %}
            coalesce(movements.{{ name }}_amount, 0) as {{ name }}_amount
            {{- ',' if not loop.last }}
        {% endfor %}
    from days
    left join states on days.company_id = states.company_id and days.local_date = states.local_date
    left join movements on days.company_id = movements.company_id and days.local_date = movements.local_date
    cross join lateral (values (1), (3), (6), (12)) as duration (months)
    left join lateral (
        values
        {% for months in [1, 3, 6, 12] %}
            (
                {{ months }},
                states.active_{{ months }}_count,
                states.active_{{ months }}_balance_pos,
                states.active_{{ months }}_balance_neg
            ){{ ',' if not loop.last }}
        {% endfor %}
    ) as active (months, active_count, active_balance_pos, active_balance_neg)
        on duration.months = active.months
)

select
    company_id,
    local_date,
    active_duration_months,
    as_of_at,
    currency,
    {% for block in ['active', 'overall_active', 'all'] %}
        {{ block }}_count,
        {{ block }}_balance_pos_amount,
        {{ block }}_balance_neg_amount,
        {{ block }}_balance_pos_amount + {{ block }}_balance_neg_amount as {{ block }}_balance_amount,
    {% endfor %}
    refill_count,
    refill_amount,
    refill_amount / nullif(refill_count, 0) as refill_average_amount,
    pay_as_you_go_amount,
    pay_as_you_go_amount / nullif(active_count, 0) as pay_as_you_go_active_average_amount,
    activation_count,
    activation_amount,
    renewal_count,
    renewal_amount
from sums
