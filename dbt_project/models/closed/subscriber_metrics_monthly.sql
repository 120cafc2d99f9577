{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    tags=['monthly_close'],
    pre_hook=[
        "{{ refuse_to_make_closed_tables() }}",
        "lock table app.closing_lock in exclusive mode",
        "{{ note_months_to_close() }}",
        "{{ freeze_evidence() }}",
    ],
) }}

-- depends_on: {{ ref('int_user_months') }}
with evidence as (
    select
        frozen.subscriber_id,
        frozen.month,
        count(*)::integer as evidence_rows,
        encode(sha256(string_agg(closed.evidence_bytes(frozen.*), '' order by frozen.user_id)), 'hex') as evidence_hash
    from {{ source('closed', 'subscriber_metric_evidence') }} as frozen
    inner join months_to_close
        on frozen.subscriber_id = months_to_close.subscriber_id and frozen.month = months_to_close.month
    group by frozen.subscriber_id, frozen.month
),

-- the loads that data through rests on
input_loads as (
    select coalesce(jsonb_object_agg(load.table_name, load.load_id), '{}') as input_loads
    from (
        select
            log.table_name,
            max(log.load_id) as load_id
        from {{ source('platform', 'load_log') }} as log
        inner join {{ ref('int_platform_data_through') }} as data_through on log.as_of <= data_through.data_through_at
        group by log.table_name
    ) as load
),

first_load as (
    select min(as_of) as first_load_at
    from {{ source('platform', 'load_log') }}
    where kind <> 'sweep'
),

-- the columns in the order of closed.subscriber_metrics_monthly, which the hash is taken over
made as (
    select
        months.subscriber_id,
        months.month,
        coalesce(subscriber.subscriber_name, '') as subscriber_name,
        months.time_zone,
        months.month_start_at,
        months.month_end_at,
        {% for metric in subscriber_metrics() %}
        metrics.{{ metric }},
        {%- if metric == 'file_limit_mb' %}
        metrics.file_limit_setting_id,
        {%- elif metric == 'commission_items' %}
        metrics.commission_run_id,
        {%- endif %}
        {% endfor %}
        input_loads.input_loads,
        coalesce(evidence.evidence_rows, 0) as evidence_rows,
        coalesce(evidence.evidence_hash, encode(sha256(''), 'hex')) as evidence_hash,
        months.data_through_at,
        closed.moment_of_writing() as closed_at,
        (
            months.month_end_at <= first_load.first_load_at
            or months.data_through_at >= {{ function('local_day_start') }}(
                (months.month + interval '2 months')::date, months.time_zone
            )
        ) as closed_late,
        {{ subscriber_metrics_definition_version() }} as definition_version,
        null::text as previous_hash,
        null::text as row_hash,
        {{ run_as_of('months.data_through_at') }} as closed_as_of,
        {{ var('closing_grace_hours') | int }} as closing_grace_hours
    from months_to_close as months
    inner join {{ ref('int_subscriber_metrics') }} as metrics
        on months.subscriber_id = metrics.subscriber_id and months.month = metrics.month
    cross join first_load
    cross join input_loads
    left join evidence on months.subscriber_id = evidence.subscriber_id and months.month = evidence.month
    left join {{ ref('stg_platform__subscribers') }} as subscriber on months.subscriber_id = subscriber.subscriber_id
),

linked as (
    select
        made.*,
        months_to_close.last_hash,
        closed.chain(
            months_to_close.last_hash,
            closed.subscriber_metrics_text(row(made.*)::closed.subscriber_metrics_monthly)
        ) over (partition by made.subscriber_id order by made.month) as link
    from made
    inner join months_to_close
        on made.subscriber_id = months_to_close.subscriber_id and made.month = months_to_close.month
)

select
    {% for column in adapter.get_columns_in_relation(this) if column.name not in ('previous_hash', 'row_hash') %}
    {{ column.name }},
    {% endfor %}
    coalesce(lag(link) over (partition by subscriber_id order by month), last_hash) as previous_hash,
    link as row_hash
from linked
