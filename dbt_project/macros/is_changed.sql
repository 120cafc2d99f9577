{# The condition that keeps an incremental run to the keys that moved; always true in a build from nothing. #}
{% macro is_changed(key) -%}
    {%- if is_incremental() -%} ({{ key }}) in (select * from changed_keys)
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}
