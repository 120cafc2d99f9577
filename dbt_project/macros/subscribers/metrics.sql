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


{# The raw tables with a subscriber's rows, each with what a row of it (`late`) needs to count in a month (`differing`). #}
{% macro raw_tables_of_subscribers() %}
    {{ return({
        'subscribers': 'true',
        'subscriber_settings': 'late.happened_at < differing.month_end_at',
        'users': 'true',
        'user_changes': 'late.happened_at < differing.month_end_at',
        'logons': 'late.logged_on_at < differing.month_end_at'
            ~ ' and coalesce(late.logged_off_at, late.last_seen_at + ' ~ session_timeout() ~ ') >= differing.month_start_at',
        'commission_runs': 'late.closed_at < differing.month_end_at',
        'commission_items': 'late.created_at < differing.month_end_at',
        'process_forms': 'late.created_at < differing.month_end_at',
        'process_fields': 'late.created_at < differing.month_end_at',
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
