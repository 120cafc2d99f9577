{# The choices that no document of the users states, each in this one place; an installation sets its own by `vars`. #}

{# How long after it was last seen a session without a logoff ends. #}
{% macro session_timeout() -%}
    make_interval(mins => {{ var('session_timeout_minutes', 30) | int }})
{%- endmacro %}


{# How long a month that is over waits for late facts before it closes: SUBDYN_CLOSING_GRACE_HOURS. #}
{% macro closing_grace_hours() -%} {{ var('closing_grace_hours', 24) | int }} {%- endmacro %}


{% macro closing_grace() -%} make_interval(hours => {{ closing_grace_hours() }}) {%- endmacro %}


{# Whether a lock keeps a user of this type out of the seat counts: the users speak of staff only. #}
{% macro lock_counts_for(user_type) -%}
    {% if var('lock_counts_for_agents', true) %}true{% else %}({{ user_type }} = 'staff'){% endif %}
{%- endmacro %}


{# Grows whenever the same facts would give another number. #}
{% macro subscriber_metrics_definition_version() -%} 3 {%- endmacro %}
