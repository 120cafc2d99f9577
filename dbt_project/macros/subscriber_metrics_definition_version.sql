{# Grows whenever the same facts would give another number. #}
{% macro subscriber_metrics_definition_version() -%} 3 {%- endmacro %}
