{#
  The metrics in the order in which people read them: the one list that closing, restatements, marts and their tests follow.

  raw_tables: whose rows can move it. Of a metric that counts users, furthermore:
  counts:     which users of int_user_months it counts, those locked out apart
  fact:       what such a user did or was, as the evidence says it
  during:     the column that says when, if it is more than an instant
#}
{% macro subscriber_metrics() %}
    {%- set users = ['user_changes', 'users'] -%}
    {%- set logons = ['logons'] + users -%}
    {{ return({
        'super_users': {
            'counts': "seat = 'super_users'", 'fact': 'held the role super', 'during': 'seat_during', 'raw_tables': users,
        },
        'enabled_staff': {
            'counts': "seat = 'staff' and is_enabled", 'fact': 'was enabled', 'during': 'enabled_during', 'raw_tables': users,
        },
        'active_staff': {'counts': "seat = 'staff' and logon_ids <> '{}'", 'fact': 'logged on', 'raw_tables': logons},
        'enabled_managers': {
            'counts': "seat = 'managers' and is_enabled", 'fact': 'was enabled', 'during': 'enabled_during', 'raw_tables': users,
        },
        'active_managers': {'counts': "seat = 'managers' and logon_ids <> '{}'", 'fact': 'logged on', 'raw_tables': logons},
        'enabled_reps': {
            'counts': "seat = 'reps' and is_enabled", 'fact': 'was enabled', 'during': 'enabled_during', 'raw_tables': users,
        },
        'active_reps': {'counts': "seat = 'reps' and logon_ids <> '{}'", 'fact': 'logged on', 'raw_tables': logons},
        'concurrent_max': {'raw_tables': ['logons']},
        'concurrent_max_at': {'raw_tables': ['logons']},
        'logon_minutes': {'raw_tables': ['logons']},
        'file_limit_mb': {'raw_tables': ['subscriber_settings']},
        'commission_items': {'raw_tables': ['commission_items', 'commission_runs', 'subscriber_settings']},
        'process_fields': {'raw_tables': ['process_fields', 'process_forms', 'subscriber_settings']},
    }) }}
{% endmacro %}


{# Those that count users. #}
{% macro seat_metrics() %}
    {%- set counting = {} -%}
    {%- for metric, rule in subscriber_metrics().items() if rule.counts -%}{%- do counting.update({metric: rule}) -%}{%- endfor -%}
    {{ return(counting) }}
{% endmacro %}


{# All metrics of a relation, as columns of a select or of a row. #}
{% macro metric_columns(alias) -%}
    {{ alias }}.{{ subscriber_metrics() | join(', ' ~ alias ~ '.') }}
{%- endmacro %}


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
