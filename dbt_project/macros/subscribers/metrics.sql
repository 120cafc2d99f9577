{# The metrics in the order in which people read them, each with the raw tables whose rows can move it. #}
{% macro subscriber_metrics() %}
    {%- set users = ['user_changes', 'users'] -%}
    {{ return({
        'super_users': users,
        'enabled_staff': users,
        'active_staff': ['logons'] + users,
        'enabled_managers': users,
        'active_managers': ['logons'] + users,
        'enabled_reps': users,
        'active_reps': ['logons'] + users,
        'concurrent_max': ['logons'],
        'concurrent_max_at': ['logons'],
        'logon_minutes': ['logons'],
        'file_limit_mb': ['subscriber_settings'],
        'commission_items': ['commission_items', 'commission_runs', 'subscriber_settings'],
        'process_fields': ['process_fields', 'process_forms', 'subscriber_settings'],
    }) }}
{% endmacro %}


{# A metric as the text that the restatement ledger keeps: instants in UTC. #}
{% macro metric_text(alias, metric) -%}
    {% if metric == 'concurrent_max_at' %}closed.instant_text({{ alias }}.{{ metric }}){% else %}{{ alias }}.{{ metric }}::text{% endif %}
{%- endmacro %}


{# A metric as the number that the ledger's differences are taken of: seconds since 1970 for an instant. #}
{% macro metric_number(alias, metric) -%}
    coalesce({% if metric == 'concurrent_max_at' %}extract(epoch from {{ alias }}.{{ metric }}){% else %}{{ alias }}.{{ metric }}{% endif %}, 0)::numeric
{%- endmacro %}
