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
