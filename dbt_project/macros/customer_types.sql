{# The types that a customer may be of; of any other it passes no filter by type, and a test names it. #}
{% macro customer_types() -%}
    ('client', 'reseller', 'calling_card', 'call_shop')
{%- endmacro %}
