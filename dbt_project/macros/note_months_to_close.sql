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
