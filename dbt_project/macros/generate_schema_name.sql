{# The schema is the one the folder names, in every target: people and BI tools hold on to these names. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
