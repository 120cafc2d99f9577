{# A currency of a source as it is compared: its code in upper case, without the blanks around it. #}
{% macro currency_code(word) -%}
    upper(btrim({{ word }}, e' \t\n\r\f\v'))
{%- endmacro %}
