{# How long after it was last seen a session without a logoff ends. #}
{% macro session_timeout() -%}
    make_interval(mins => {{ var('session_timeout_minutes') | int }})
{%- endmacro %}
