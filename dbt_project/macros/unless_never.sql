{# An instant of a source that may be empty: infinity lies ahead of everything, which is to say never. #}
{% macro unless_never(instant) -%}
    nullif({{ instant }}, 'infinity')
{%- endmacro %}
