{# A word of a source as it is compared: without the blanks around it, in lower case. #}
{% macro folded(word) -%}
    lower(btrim({{ word }}, e' \t\n\r\f\v'))
{%- endmacro %}
