{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    tags=['ledger'],
    pre_hook=["{{ refuse_to_make_closed_tables() }}", "{{ one_at_a_time() }}"],
) }}

-- few months differ: only those are taken apart by metric
with moved as (
    select closed_row.*
    from {{ ref('subscriber_metrics_monthly') }} as closed_row
    inner join {{ ref('int_subscriber_metrics') }} as known
        on closed_row.subscriber_id = known.subscriber_id and closed_row.month = known.month
    where
        (
            {%- for metric in subscriber_metrics() %}{{ ', ' if not loop.first }}closed_row.{{ metric }}{% endfor -%}
        ) is distinct from (
            {%- for metric in subscriber_metrics() %}{{ ', ' if not loop.first }}known.{{ metric }}{% endfor -%}
        )
        or exists (
            select from {{ this }} as noticed
            where noticed.subscriber_id = closed_row.subscriber_id and noticed.month = closed_row.month
        )
),

recomputed as (
    select
        closed_row.subscriber_id,
        closed_row.month,
        closed_row.input_loads,
        metric.metric,
        metric.closed_value,
        metric.closed_number,
        metric.value_now,
        metric.number_now,
        metric.raw_tables
    from moved as closed_row
    inner join {{ ref('int_subscriber_metrics') }} as known
        on closed_row.subscriber_id = known.subscriber_id and closed_row.month = known.month
    cross join lateral (
        values
        {% for metric, raw_tables in subscriber_metrics().items() %}
        (
            '{{ metric }}',
            {{ metric_text('closed_row', metric) }},
            {{ metric_number('closed_row', metric) }},
            {{ metric_text('known', metric) }},
            {{ metric_number('known', metric) }},
            array['{{ raw_tables | join("', '") }}']
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as metric (metric, closed_value, closed_number, value_now, number_now, raw_tables)
),

last_noticed as (
    select distinct on (subscriber_id, month, metric)
        subscriber_id,
        month,
        metric,
        restatement,
        value_now,
        max(load_id) over (partition by subscriber_id, month, metric) as load_id,
        sum(difference) over (partition by subscriber_id, month, metric) as difference
    from {{ this }}
    order by subscriber_id asc, month asc, metric asc, restatement desc
),

differing as (
    select
        recomputed.*,
        coalesce(last_noticed.restatement, 0) + 1 as restatement,
        case
            when last_noticed.restatement is null then recomputed.closed_value
            else last_noticed.value_now
        end as previous_value,
        recomputed.number_now - recomputed.closed_number - coalesce(last_noticed.difference, 0) as difference,
        coalesce(last_noticed.load_id, 0) as last_load_id
    from recomputed
    left join last_noticed
        on
            recomputed.subscriber_id = last_noticed.subscriber_id
            and recomputed.month = last_noticed.month
            and recomputed.metric = last_noticed.metric
    where
        recomputed.value_now is distinct from case
            when last_noticed.restatement is null then recomputed.closed_value
            else last_noticed.value_now
        end
),

-- the raw tables that brought rows after the close and after what was noticed before
causes as (
    select
        differing.subscriber_id,
        differing.month,
        differing.metric,
        string_agg(changed.raw_table, ', ' order by changed.raw_table) as raw_tables,
        max(changed.load_id) as load_id,
        changed.raw_table = 'subscribers' as is_subscriber
    from differing
    inner join {{ ref('int_subscriber_month_changes') }} as changed
        on
            differing.subscriber_id = changed.subscriber_id
            and differing.month = changed.month
            and (changed.raw_table = any(differing.raw_tables) or changed.raw_table = 'subscribers')
            and changed.load_id > greatest(
                coalesce((differing.input_loads ->> changed.raw_table)::bigint, 0), differing.last_load_id
            )
    group by differing.subscriber_id, differing.month, differing.metric, changed.raw_table = 'subscribers'
)

select
    differing.subscriber_id,
    differing.month,
    differing.metric,
    differing.restatement,
    differing.closed_value,
    differing.previous_value,
    differing.value_now,
    differing.difference,
    coalesce(facts.raw_tables, subscriber.raw_tables, 'definition') as cause,
    coalesce(facts.load_id, subscriber.load_id) as load_id,
    {{ run_as_of('data_through.data_through_at') }} as noticed_at,
    {{ subscriber_metrics_definition_version() }} as definition_version
from differing
cross join {{ ref('int_platform_data_through') }} as data_through
left join causes as facts
    on
        differing.subscriber_id = facts.subscriber_id
        and differing.month = facts.month
        and differing.metric = facts.metric
        and not facts.is_subscriber
left join causes as subscriber
    on
        differing.subscriber_id = subscriber.subscriber_id
        and differing.month = subscriber.month
        and differing.metric = subscriber.metric
        and subscriber.is_subscriber
