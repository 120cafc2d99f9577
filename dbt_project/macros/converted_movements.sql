{#
  What the movements of each company and reading come to in a period, in the company's currency and the reporting currency,
  each converted at the rate of its local date. `period` is an expression of movements.local_date, the period's first date.
#}
{% macro converted_movements(period) %}
    {%- set amounts = ['refill', 'pay_as_you_go', 'activation', 'renewal'] -%}
    select
        movements.company_id,
        movements.reading,
        {{ period }} as period_date,
        {% for name in ['refill', 'activation', 'renewal'] %}
        sum(movements.{{ name }}_count)::bigint as {{ name }}_count,
        {% endfor %}
        {% for name in amounts %}
        {% set amount = 'movements.' ~ name ~ '_amount' %}
        sum(
            case
                when {{ amount }} != 0
                    then {{ amount }} * {{ company_rate('rates.rate', 'movements.currency', 'companies.currency', 'movements.local_date') }}
                else 0
            end
        ) as {{ name }}_amount,
        {{ sum_in_reporting_currency(amount, 'reporting_rates.rate') }} as reporting_{{ name }}_amount
        {{- ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_company_daily_movements') }} as movements
    inner join {{ ref('dim_company') }} as companies on movements.company_id = companies.company_id
    left join {{ ref('int_company_rates') }} as rates
        on
            movements.currency = rates.currency
            and companies.currency = rates.company_currency
            and movements.local_date = rates.rate_date
    left join {{ ref('int_reporting_rates') }} as reporting_rates
        on movements.currency = reporting_rates.currency and movements.local_date = reporting_rates.rate_date
    group by 1, 2, 3
{% endmacro %}
