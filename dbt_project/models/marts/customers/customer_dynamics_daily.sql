{{ config(
    materialized='incremental',
    incremental_strategy='sync',
    unique_key=['company_id', 'reading', 'local_date', 'active_duration_months'],
    indexes=[{'columns': ['company_id', 'reading', 'local_date', 'active_duration_months'], 'unique': true}],
    tags=['nightly'],
) }}

{% set blocks = ['all', 'overall_active', 'active_1', 'active_3', 'active_6', 'active_12'] %}
{% set amounts = ['refill', 'pay_as_you_go', 'activation', 'renewal'] %}
{% set counts = ['refill', 'activation', 'renewal'] %}

with days as (
    select
        companies.company_id,
        readings.reading,
        companies.currency as company_currency,
        days.local_date,
        days.as_of_at,
        days.is_finished,
        days.rate_date
    from {{ ref('dim_company') }} as companies
    cross join (values ('own'), ('branch')) as readings (reading)
    inner join {{ ref('int_series_days') }} as days on companies.time_zone = days.time_zone and days.is_in_series
),

-- a rate is asked for only where there is something to convert
priced_states as (
    select
        states.*,
        case
            when states.all_balance_pos != 0 or states.all_balance_neg != 0
                then {{ company_rate('rates.rate', 'states.currency', 'days.company_currency', 'days.rate_date') }}
        end as rate,
        reporting_rates.rate as reporting_rate
    from {{ ref('int_company_daily_states') }} as states
    inner join days
        on
            states.company_id = days.company_id
            and states.reading = days.reading
            and states.local_date = days.local_date
    left join {{ ref('int_company_rates') }} as rates
        on
            states.currency = rates.currency
            and days.company_currency = rates.company_currency
            and days.rate_date = rates.rate_date
    left join {{ ref('int_reporting_rates') }} as reporting_rates
        on states.currency = reporting_rates.currency and days.rate_date = reporting_rates.rate_date
),

states as (
    select
        states.company_id,
        states.reading,
        states.local_date,
        {% for block in blocks %}
            sum(states.{{ block }}_count)::bigint as {{ block }}_count,
            {% for side in ['pos', 'neg'] %}
                {% set balance = 'states.' ~ block ~ '_balance_' ~ side %}
                sum({{ balance }} * states.rate) as {{ block }}_balance_{{ side }},
                {{ sum_in_reporting_currency(balance, 'states.reporting_rate') }} as reporting_{{ block }}_balance_{{ side }}
                {{- ',' if not loop.last }}
            {% endfor %}
            {{- ',' if not loop.last }}
        {% endfor %}
    from priced_states as states
    group by states.company_id, states.reading, states.local_date
),

movements as (
    {{ converted_movements('movements.local_date') }}
),

-- one row per duration; a day before the first customer or movement of a reading is a row of zeros
sums as (
    select
        days.company_id,
        days.reading,
        days.local_date,
        duration.months as active_duration_months,
        days.as_of_at,
        days.is_finished,
        days.company_currency as currency,
        coalesce(active.customer_count, 0) as active_count,
        {% for block in ['overall_active', 'all'] %}
            coalesce(states.{{ block }}_count, 0) as {{ block }}_count,
        {% endfor %}
        {% for side in ['pos', 'neg'] %}
            coalesce(active.balance_{{ side }}, 0) as active_balance_{{ side }}_amount,
            case when states.company_id is null then 0 else active.reporting_balance_{{ side }} end
                as reporting_active_balance_{{ side }}_amount,
            {% for block in ['overall_active', 'all'] %}
                coalesce(states.{{ block }}_balance_{{ side }}, 0) as {{ block }}_balance_{{ side }}_amount,
                case when states.company_id is null then 0 else states.reporting_{{ block }}_balance_{{ side }} end
                    as reporting_{{ block }}_balance_{{ side }}_amount,
            {% endfor %}
        {% endfor %}
        {% for name in counts %}
            coalesce(movements.{{ name }}_count, 0) as {{ name }}_count,
        {% endfor %}
        {% for name in amounts %}
            coalesce(movements.{{ name }}_amount, 0) as {{ name }}_amount,
            case when movements.company_id is null then 0 else movements.reporting_{{ name }}_amount end
                as reporting_{{ name }}_amount
            {{- ',' if not loop.last }}
        {% endfor %}
    from days
    left join states
        on
            days.company_id = states.company_id
            and days.reading = states.reading
            and days.local_date = states.local_date
    left join movements
        on
            days.company_id = movements.company_id
            and days.reading = movements.reading
            and days.local_date = movements.period_date
    cross join lateral (values (1), (3), (6), (12)) as duration (months)
    left join lateral (
        values
        {% for months in [1, 3, 6, 12] %}
            (
                {{ months }},
                states.active_{{ months }}_count,
                states.active_{{ months }}_balance_pos,
                states.active_{{ months }}_balance_neg,
                states.reporting_active_{{ months }}_balance_pos,
                states.reporting_active_{{ months }}_balance_neg
            ){{ ',' if not loop.last }}
        {% endfor %}
    ) as active (
        months, customer_count, balance_pos, balance_neg, reporting_balance_pos, reporting_balance_neg
    )
        on duration.months = active.months
)

select
    company_id,
    reading,
    local_date,
    active_duration_months,
    as_of_at,
    is_finished,
    currency,
    {% for block in ['active', 'overall_active', 'all'] %}
        {{ block }}_count,
        {% for prefix in ['', 'reporting_'] %}
            {{ prefix }}{{ block }}_balance_pos_amount,
            {{ prefix }}{{ block }}_balance_neg_amount,
            {{ prefix }}{{ block }}_balance_pos_amount + {{ prefix }}{{ block }}_balance_neg_amount
                as {{ prefix }}{{ block }}_balance_amount,
        {% endfor %}
    {% endfor %}
    refill_count,
    refill_amount,
    reporting_refill_amount,
    {{ average_amount('refill_amount', 'refill_count') }} as refill_average_amount,
    {{ average_amount('reporting_refill_amount', 'refill_count') }} as reporting_refill_average_amount,
    pay_as_you_go_amount,
    reporting_pay_as_you_go_amount,
    {{ average_amount('pay_as_you_go_amount', 'active_count') }} as pay_as_you_go_active_average_amount,
    {{ average_amount('reporting_pay_as_you_go_amount', 'active_count') }}
        as reporting_pay_as_you_go_active_average_amount,
    activation_count,
    activation_amount,
    reporting_activation_amount,
    renewal_count,
    renewal_amount,
    reporting_renewal_amount,
    '{{ var("reporting_currency") }}' as reporting_currency
from sums
