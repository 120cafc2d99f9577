{# How far this model has read an input: a number, so that the planner sees how little lies beyond it. #}
{% macro read_position(input) %}
    {%- set found = run_query(
        "select position from app.model_watermarks where model = '" ~ this.identifier ~ "' and input = '" ~ input ~ "'"
    ) -%}
    {{ return(found.rows[0][0] | int if found.rows | length else 0) }}
{% endmacro %}
