{# What was counted in the months that close, frozen in the transaction of their rows: two could leave one without the other (0602). #}
{% macro freeze_evidence() %}
    insert into {{ source('closed', 'subscriber_metric_evidence') }} (
        subscriber_id, month, user_id, user_name, user_type, seat, is_locked_out, is_enabled, seat_during,
        enabled_during, logon_ids, online_during, online_microseconds
    )
    select
        counted.subscriber_id, counted.month, counted.user_id, counted.user_name, counted.user_type, counted.seat,
        counted.is_locked_out, counted.is_enabled, counted.seat_during, counted.enabled_during, counted.logon_ids,
        counted.online_during, counted.online_microseconds
    from {{ ref('int_user_months') }} as counted
    inner join months_to_close
        on counted.subscriber_id = months_to_close.subscriber_id and counted.month = months_to_close.month
{% endmacro %}
