{# All metrics of a relation, as columns of a select or of a row. #}
{% macro metric_columns(alias) -%}
    {{ alias }}.{{ subscriber_metrics() | join(', ' ~ alias ~ '.') }}
{%- endmacro %}
