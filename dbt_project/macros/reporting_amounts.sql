{# A sum in the reporting currency: empty where an amount other than zero has no rate, never short of it. #}
{% macro sum_in_reporting_currency(amount, rate) -%}
    case
        when bool_and({{ amount }} = 0 or {{ rate }} is not null) then coalesce(sum({{ amount }} * {{ rate }}), 0)
    end
{%- endmacro %}


{# A rate of int_company_rates, or an error that names the currencies and the date where it has none. #}
{% macro company_rate(rate, currency, company_currency, rate_date) -%}
    coalesce({{ rate }}, {{ function('required_exchange_rate') }}({{ currency }}, {{ company_currency }}, {{ rate_date }}))
{%- endmacro %}


{#
  total / number to 4 decimals, half away from zero; empty where the number is 0. The quotient is never rounded on the
  way: div() cuts to whole ten-thousandths after half of one was added.
#}
{% macro average_amount(total, number) -%}
    round(
        sign({{ total }})
        * div(abs({{ total }}) * 20000 + {{ number }}, 2::numeric * nullif({{ number }}, 0)) / 10000, 4
    )
{%- endmacro %}
