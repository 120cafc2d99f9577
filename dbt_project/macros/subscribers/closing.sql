{#
  The moment this run speaks of: its as_of, or data through of the platform where none was given. A run gives it in the environment:
  where --vars differ from the last ones dbt parses the whole project again, and where the environment does, what read it in parsing.
#}
{% macro run_as_of(data_through) -%}
    {%- set as_of = var('as_of', env_var('SUBDYN_DBT_AS_OF', '') if execute else '') -%}
    {% if as_of %}timestamptz '{{ as_of | replace("'", "''") }}'{% else %}{{ data_through }}{% endif %}
{%- endmacro %}


{# Closed tables are made by a migration and owned by a role nobody logs in as; dbt would make unprotected ones. #}
{% macro refuse_to_make_closed_tables() %}
    {% if execute and flags.WHICH in ('run', 'build') and not is_incremental() %}
        {{ exceptions.raise_compiler_error(this ~ " is made by the warehouse's migrations: run them first") }}
    {% endif %}
{% endmacro %}


{# One close at a time: the second waits, then sees what the first has written. #}
{% macro one_at_a_time() %}
    lock table app.closing_lock in exclusive mode
{% endmacro %}


{#
  The months that may close now, in the temporary table months_to_close: over since the grace, and later than the
  subscriber's last closed one. A run can be held to the months up to `close_through` (YYYY-MM).
#}
{% macro note_months_to_close() %}
    create temporary table months_to_close on commit drop as
    select
        months.subscriber_id,
        months.month,
        months.time_zone,
        months.month_start_at,
        months.month_end_at,
        data_through.data_through_at,
        last_closed.row_hash as last_hash
    from {{ ref('int_subscriber_months') }} as months
    cross join {{ ref('int_platform_data_through') }} as data_through
    left join lateral (
        select
            closed.month,
            closed.row_hash
        from {{ this }} as closed
        where closed.subscriber_id = months.subscriber_id
        order by closed.month desc
        limit 1
    ) as last_closed on true
    where
        months.month_end_at + {{ closing_grace() }} <= data_through.data_through_at
        and (last_closed.month is null or months.month > last_closed.month)
        {% set close_through = var('close_through', env_var('SUBDYN_DBT_CLOSE_THROUGH', '') if execute else '') %}
        {% if close_through %}
        and months.month <= to_date('{{ close_through | replace("'", "''") }}', 'YYYY-MM')
        {% endif %};

    create unique index on months_to_close (subscriber_id, month);
    analyze months_to_close;
{% endmacro %}


{# What was counted in the months that close, frozen in the transaction of their rows. #}
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
