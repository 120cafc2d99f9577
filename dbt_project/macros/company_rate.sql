{# A rate of int_company_rates, or an error that names the currencies and the date where it has none. #}
{% macro company_rate(rate, currency, company_currency, rate_date) -%}
    coalesce({{ rate }}, {{ function('required_exchange_rate') }}({{ currency }}, {{ company_currency }}, {{ rate_date }}))
{%- endmacro %}
