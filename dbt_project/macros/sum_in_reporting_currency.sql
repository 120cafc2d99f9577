{# A sum in the reporting currency: empty where an amount other than zero has no rate, never short of it. #}
{% macro sum_in_reporting_currency(amount, rate) -%}
    case
        when bool_and({{ amount }} = 0 or {{ rate }} is not null) then coalesce(sum({{ amount }} * {{ rate }}), 0)
    end
{%- endmacro %}
