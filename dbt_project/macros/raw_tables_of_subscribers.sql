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
