{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    tags=['ledger'],
    pre_hook=["{{ refuse_to_make_closed_tables() }}", "lock table app.closing_lock in exclusive mode", "set local jit = off"],
) }}

with closed_months as (
    select * from {{ ref('subscriber_metrics_monthly') }}
),

current_metrics as (
    select * from {{ ref('int_subscriber_metrics') }}
),

data_through as (
    select * from {{ ref('int_platform_data_through') }}
),

loads as (
    select * from {{ source('platform', 'load_log') }}
),

-- `not materialized`: read three times, by its indexes
earlier_restatements as not materialized (
    select * from {{ this }}
),

last_restatements as (
    select distinct on (subscriber_id, month, metric)
        subscriber_id,
        month,
        metric,
        restatement,
        value_now,
        max(load_id) over (partition by subscriber_id, month, metric) as load_id,
        sum(difference) over (partition by subscriber_id, month, metric) as difference
    from earlier_restatements
    order by subscriber_id asc, month asc, metric asc, restatement desc
),

-- few months differ: only those are taken apart by metric
recomputed as (
    select
        closed_month.subscriber_id,
        closed_month.month,
        closed_month.month_start_at,
        closed_month.month_end_at,
        closed_month.definition_version,
        closed_month.input_loads,
        metric.metric,
        metric.closed_value,
        metric.closed_number,
        metric.value_now,
        metric.number_now,
        metric.raw_tables
    from closed_months as closed_month
    inner join current_metrics as current_month
        on closed_month.subscriber_id = current_month.subscriber_id and closed_month.month = current_month.month
    -- a run that knows less than the closing did has nothing to add to it
    inner join data_through on closed_month.data_through_at <= data_through.data_through_at
    cross join lateral (
        values
        {% for metric, rule in subscriber_metrics().items() %}
        (
            '{{ metric }}',
            {{ metric_text('closed_month', metric) }},
            {{ metric_number('closed_month', metric) }},
            {{ metric_text('current_month', metric) }},
            {{ metric_number('current_month', metric) }},
            array['{{ rule.raw_tables | join("', '") }}']
        ){{ ',' if not loop.last }}
        {% endfor %}
    ) as metric (metric, closed_value, closed_number, value_now, number_now, raw_tables)
    where
        ({{ metric_columns('closed_month') }}) is distinct from ({{ metric_columns('current_month') }})
        or exists (
            select
            from earlier_restatements
            where
                earlier_restatements.subscriber_id = closed_month.subscriber_id
                and earlier_restatements.month = closed_month.month
        )
),

differing as (
    select
        recomputed.*,
        coalesce(last_restatements.restatement, 0) + 1 as restatement,
        case
            when last_restatements.restatement is null then recomputed.closed_value
            else last_restatements.value_now
        end as previous_value,
        recomputed.number_now - recomputed.closed_number - coalesce(last_restatements.difference, 0) as difference,
        coalesce(last_restatements.load_id, 0) as last_load_id
    from recomputed
    left join last_restatements
        on
            recomputed.subscriber_id = last_restatements.subscriber_id
            and recomputed.month = last_restatements.month
            and recomputed.metric = last_restatements.metric
    where
        recomputed.value_now is distinct from case
            when last_restatements.restatement is null then recomputed.closed_value
            else last_restatements.value_now
        end
),

-- what any of these months could know: only later loads are looked through
first_unknown as (
    select min(known.load_id::bigint) as after_load_id
    from differing
    cross join lateral jsonb_each_text(differing.input_loads) as known (table_name, load_id)
),

-- the subscriber's rows that came after the close and after what was restated before
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
        and late._load_id > coalesce((select first_unknown.after_load_id from first_unknown), 0)
    group by differing.subscriber_id, differing.month, differing.metric
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

late_tables as (
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

last_loads as (
    select
        table_name,
        max(load_id) as load_id
    from loads
    group by table_name
),

last_in_chain as (
    select
        position,
        row_hash
    from earlier_restatements
    where position is not null
    order by position desc
    limit 1
),

-- the end of the chain, or what it starts from
chain_end as (
    select
        coalesce(max(position), 0) as position,
        coalesce(max(row_hash), closed.restatements_start()) as row_hash
    from last_in_chain
),

-- the columns in the order of closed.restatements, which the hash is taken over
restated as (
    select
        differing.subscriber_id,
        differing.month,
        differing.metric,
        differing.restatement,
        differing.closed_value,
        differing.previous_value,
        differing.value_now,
        differing.difference,
        coalesce(late_tables.raw_tables, any_table.raw_tables, 'definition') as cause,
        coalesce(late_tables.load_id, any_table.load_id) as load_id,
        {{ run_as_of('data_through.data_through_at') }} as noticed_at,
        {{ subscriber_metrics_definition_version() }} as definition_version,
        chain_end.position
        + row_number() over (order by differing.subscriber_id, differing.month, differing.metric) as position,
        null::text as previous_hash,
        null::text as row_hash
    from differing
    cross join data_through
    cross join chain_end
    left join late_tables
        on
            differing.subscriber_id = late_tables.subscriber_id
            and differing.month = late_tables.month
            and differing.metric = late_tables.metric
    -- what belongs to another subscriber now is not found by this one's rows
    left join lateral (
        select
            array_to_string(differing.raw_tables, ', ') as raw_tables,
            max(last_loads.load_id) as load_id
        from last_loads
        where last_loads.table_name = any(differing.raw_tables)
    ) as any_table on differing.definition_version = {{ subscriber_metrics_definition_version() }}
),

chained as (
    select
        restated.*,
        chain_end.row_hash as end_hash,
        closed.chain(chain_end.row_hash, closed.restatement_text(row(restated.*)::closed.restatements)) over (
            order by restated.position
        ) as link
    from restated
    cross join chain_end
)

select
    {% for column in adapter.get_columns_in_relation(this) if column.name not in ('previous_hash', 'row_hash') %}
    {{ column.name }},
    {% endfor %}
    coalesce(lag(link) over (order by position), end_hash) as previous_hash,
    link as row_hash
from chained
