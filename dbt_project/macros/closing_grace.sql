{# How long a month that is over waits for late facts before it closes. #}
{% macro closing_grace() -%}
    make_interval(hours => {{ var('closing_grace_hours') | int }})
{%- endmacro %}
