{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    tags=['ledger'],
    pre_hook=["{{ refuse_to_make_closed_tables() }}", "{{ one_at_a_time() }}", "{{ few_rows_of_many() }}"],
) }}

-- few months differ: only those are taken apart by metric
with moved as (
    select closed_row.*
    from {{ ref('subscriber_metrics_monthly') }} as closed_row
    inner join {{ ref('int_subscriber_metrics') }} as known
        on closed_row.subscriber_id = known.subscriber_id and closed_row.month = known.month
    -- a run that knows less than the closing did has nothing to add to it
    inner join {{ ref('int_platform_data_through') }} as data_through
        on closed_row.data_through_at <= data_through.data_through_at
    where
        ((
            {%- for metric in subscriber_metrics() %}{{ ', ' if not loop.first }}closed_row.{{ metric }}{% endfor -%}
        ) is distinct from (
            {%- for metric in subscriber_metrics() %}{{ ', ' if not loop.first }}known.{{ metric }}{% endfor -%}
        )
        or exists (
            select from {{ this }} as noticed
            where noticed.subscriber_id = closed_row.subscriber_id and noticed.month = closed_row.month
        ))
),

recomputed as (
    select
        closed_row.subscriber_id,
        closed_row.month,
        closed_row.month_start_at,
        closed_row.month_end_at,
        closed_row.definition_version,
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

-- what any of these months could know: only later loads are looked through
least_known as (
    select min(known.load_id::bigint) as load_id
    from differing
    cross join lateral jsonb_each_text(differing.input_loads) as known (table_name, load_id)
),

-- the subscriber's rows that came after the close and after what was noticed before
late_rows as (
    {% for table, counts in raw_tables_of_subscribers().items() %}
    select
        differing.subscriber_id,
        differing.month,
        differing.metric,
        '{{ table }}' as raw_table,
        max(late._load_id) as load_id
    from differing
    inner join {{ source('platform', table) }} as late
        on
            differing.subscriber_id = late.{{ 'id' if table == 'subscribers' else 'subscriber_id' }}
            and late._load_id > greatest(
                coalesce((differing.input_loads ->> '{{ table }}')::bigint, 0), differing.last_load_id
            )
            and {{ counts }}
    where
        '{{ table }}' = any(differing.raw_tables || 'subscribers'::text)
        and late._load_id > coalesce((select least_known.load_id from least_known), 0)
    group by differing.subscriber_id, differing.month, differing.metric
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

causes as (
    select
        subscriber_id,
        month,
        metric,
        -- the subscriber's own row counts where no other was found
        coalesce(
            string_agg(raw_table, ', ' order by raw_table) filter (where raw_table <> 'subscribers'), 'subscribers'
        ) as raw_tables,
        coalesce(max(load_id) filter (where raw_table <> 'subscribers'), max(load_id)) as load_id
    from late_rows
    group by subscriber_id, month, metric
),

loads as (
    select
        table_name,
        max(load_id) as load_id
    from {{ source('platform', 'load_log') }}
    group by table_name
),

last_row as (
    select
        position,
        row_hash
    from {{ this }}
    where position is not null
    order by position desc
    limit 1
),

-- the end of the chain, or what it starts from
head as (
    select
        coalesce(max(position), 0) as position,
        coalesce(max(row_hash), closed.restatements_start()) as row_hash
    from last_row
),

-- the columns in the order of closed.restatements, which the hash is taken over
made as (
    select
        differing.subscriber_id,
        differing.month,
        differing.metric,
        differing.restatement,
        differing.closed_value,
        differing.previous_value,
        differing.value_now,
        differing.difference,
        coalesce(causes.raw_tables, unnamed.raw_tables, 'definition') as cause,
        coalesce(causes.load_id, unnamed.load_id) as load_id,
        {{ run_as_of('data_through.data_through_at') }} as noticed_at,
        {{ subscriber_metrics_definition_version() }} as definition_version,
        head.position
        + row_number() over (order by differing.subscriber_id, differing.month, differing.metric) as position,
        null::text as previous_hash,
        null::text as row_hash
    from differing
    cross join {{ ref('int_platform_data_through') }} as data_through
    cross join head
    left join causes
        on
            differing.subscriber_id = causes.subscriber_id
            and differing.month = causes.month
            and differing.metric = causes.metric
    -- what belongs to another subscriber now is not found by this one's rows
    left join lateral (
        select
            array_to_string(differing.raw_tables, ', ') as raw_tables,
            max(loads.load_id) as load_id
        from loads
        where loads.table_name = any(differing.raw_tables)
    ) as unnamed on differing.definition_version = {{ subscriber_metrics_definition_version() }}
),

linked as (
    select
        made.*,
        head.row_hash as head_hash,
        closed.chain(head.row_hash, closed.restatement_text(row(made.*)::closed.restatements)) over (
            order by made.position
        ) as link
    from made
    cross join head
)

select
    {% for column in adapter.get_columns_in_relation(this) if column.name not in ('previous_hash', 'row_hash') %}
    {{ column.name }},
    {% endfor %}
    coalesce(lag(link) over (order by position), head_hash) as previous_hash,
    link as row_hash
from linked
