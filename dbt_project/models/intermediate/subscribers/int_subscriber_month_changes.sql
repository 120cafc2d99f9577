{%- set raw_tables = [
    'subscribers', 'subscriber_settings', 'users', 'user_changes', 'logons', 'commission_runs', 'commission_items',
    'process_forms', 'process_fields',
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['subscriber_id', 'month', 'raw_table'],
    indexes=[{'columns': ['subscriber_id', 'month', 'raw_table'], 'unique': true}, {'columns': ['change_id']}],
    meta={
        'change_sources': [
            ['platform', 'subscribers'],
            ['platform', 'subscriber_settings'],
            ['platform', 'users'],
            ['platform', 'user_changes'],
            ['platform', 'logons'],
            ['platform', 'commission_runs'],
            ['platform', 'commission_items'],
            ['platform', 'process_forms'],
            ['platform', 'process_fields'],
        ],
    },
    pre_hook="{{ note_data_through() }}",
    post_hook="{{ analyze_when_new() }}",
) }}

{#- Relations built from this feed still hold where a fact stood before it moved. -#}
{%- set split_logons = built_relation('intermediate', 'int_logons_split_by_month') -%}
{%- set user_states = built_relation('intermediate', 'int_user_states') -%}
{%- set metrics = built_relation('intermediate', 'int_subscriber_metrics') -%}
{%- set before = data_through_before() if execute and is_incremental() else none -%}
{%- set reads_all = not is_incremental() or has_input_made_anew(model.config.meta.change_sources) -%}

-- depends_on: {{ ref('int_platform_data_through') }}
with months as (
    select
        subscriber_id,
        month,
        month_start_at,
        month_end_at
    from {{ ref('int_subscriber_months') }}
),

known_months as (
    select
        subscriber_id,
        month
    from months
    {% if is_incremental() %}
    union
    select
        subscriber_id,
        month
    from {{ this }}
    {% endif %}
),

moved as (
    select
        known_months.subscriber_id,
        known_months.month,
        'subscribers' as raw_table,
        subscriber._load_id as load_id
    from {{ source('platform', 'subscribers') }} as subscriber
    inner join known_months on subscriber.id = known_months.subscriber_id
    where {{ has_moved('subscriber', 'subscribers', 'subscriber.created_at', before) }}

    {% if is_incremental() %}
    -- months that have begun
    union all
    select
        months.subscriber_id,
        months.month,
        'subscribers' as raw_table,
        null as load_id
    from months
    where not exists (
        select
        from {{ this }} as known
        where known.subscriber_id = months.subscriber_id and known.month = months.month
    )
    {% if metrics %}
    -- months that are no more
    union all
    select
        metric.subscriber_id,
        metric.month,
        'subscribers' as raw_table,
        null as load_id
    from {{ metrics }} as metric
    where not exists (
        select
        from months
        where months.subscriber_id = metric.subscriber_id and months.month = metric.month
    )
    {% endif %}
    {% endif %}

    union all
    select
        months.subscriber_id,
        months.month,
        'subscriber_settings' as raw_table,
        setting._load_id as load_id
    from {{ source('platform', 'subscriber_settings') }} as setting
    inner join months on setting.subscriber_id = months.subscriber_id and setting.happened_at < months.month_end_at
    where {{ has_moved('setting', 'subscriber_settings', 'setting.happened_at', before) }}

    union all
    select
        months.subscriber_id,
        months.month,
        'users' as raw_table,
        member._load_id as load_id
    from {{ source('platform', 'users') }} as member
    inner join months on member.subscriber_id = months.subscriber_id
    where {{ has_moved('member', 'users', 'member.created_at', before) }}
    {% if is_incremental() and user_states %}
    union all
    select
        months.subscriber_id,
        months.month,
        'users' as raw_table,
        member._load_id as load_id
    from {{ source('platform', 'users') }} as member
    inner join {{ user_states }} as held on member.id = held.user_id and member.subscriber_id <> held.subscriber_id
    inner join months on held.subscriber_id = months.subscriber_id
    where {{ is_unread('member', 'platform', 'users') }}
    {% endif %}

    union all
    select
        months.subscriber_id,
        months.month,
        'user_changes' as raw_table,
        changed._load_id as load_id
    from {{ source('platform', 'user_changes') }} as changed
    inner join {{ source('platform', 'users') }} as member on changed.user_id = member.id
    inner join months on member.subscriber_id = months.subscriber_id and changed.happened_at < months.month_end_at
    where {{ has_moved('changed', 'user_changes', 'changed.happened_at', before) }}

    union all
    {% if not is_incremental() %}
    -- the months in which logons began: enough to name the load, since all months are made anyway
    select
        begun.subscriber_id,
        begun.months[begun.month_number] as month,
        'logons' as raw_table,
        begun.load_id
    from (
        select
            logon.subscriber_id,
            calendar.months,
            width_bucket(logon.logged_on_at, calendar.starts) as month_number,
            max(logon._load_id) as load_id
        from {{ source('platform', 'logons') }} as logon
        inner join (
            select
                subscriber_id,
                array_agg(month order by month) as months,
                array_agg(month_start_at order by month) as starts
            from months
            group by subscriber_id
        ) as calendar on logon.subscriber_id = calendar.subscriber_id
        group by 1, 2, 3
    ) as begun
    where begun.month_number > 0
    {% else %}
    select
        months.subscriber_id,
        months.month,
        'logons' as raw_table,
        logon._load_id as load_id
    from {{ source('platform', 'logons') }} as logon
    inner join months
        on logon.subscriber_id = months.subscriber_id
        and logon.logged_on_at < months.month_end_at
        and months.month_start_at <= greatest(
            logon.logged_on_at, coalesce(logon.logged_off_at, logon.last_seen_at + {{ session_timeout() }})
        )
    where {{ is_unread('logon', 'platform', 'logons') }}
    {% if split_logons %}
    union all
    select
        held.subscriber_id,
        held.month,
        'logons' as raw_table,
        logon._load_id as load_id
    from {{ source('platform', 'logons') }} as logon
    inner join {{ split_logons }} as held on logon.id = held.logon_id
    where held.month is not null and {{ is_unread('logon', 'platform', 'logons') }}
    {% if before %}
    union all
    select
        held.subscriber_id,
        held.month,
        'logons' as raw_table,
        null as load_id
    from months
    inner join {{ split_logons }} as held on months.subscriber_id = held.subscriber_id and months.month = held.month
    where months.month_end_at > {{ before }} and held.ended_at >= {{ before }}
    {% endif %}
    {% endif %}
    {% endif %}

    union all
    select
        months.subscriber_id,
        months.month,
        'commission_runs' as raw_table,
        run._load_id as load_id
    from {{ source('platform', 'commission_runs') }} as run
    inner join months on run.subscriber_id = months.subscriber_id
    where {{ has_moved('run', 'commission_runs', 'run.closed_at', before) }}

    union all
    select
        months.subscriber_id,
        months.month,
        'commission_items' as raw_table,
        item._load_id as load_id
    from {{ source('platform', 'commission_items') }} as item
    inner join {{ source('platform', 'commission_runs') }} as run on item.run_id = run.id
    inner join months
        on run.subscriber_id = months.subscriber_id
        and months.month_end_at > greatest(item.created_at, run.closed_at)
    where run.closed_at is not null and {{ has_moved('item', 'commission_items', 'item.created_at', before) }}

    {% for table in ['process_forms', 'process_fields'] %}
    union all
    select
        months.subscriber_id,
        months.month,
        '{{ table }}' as raw_table,
        part._load_id as load_id
    from {{ source('platform', table) }} as part
    inner join months on part.subscriber_id = months.subscriber_id and part.created_at < months.month_end_at
    where {{ has_moved('part', table, 'greatest(part.created_at, part.trashed_at)', before) }}
    {% endfor %}

    {% if is_incremental() and reads_all %}
    -- an input that was made anew says nothing of what it lost
    union all
    select
        known.subscriber_id,
        known.month,
        known.raw_table,
        null as load_id
    from {{ this }} as known
    {% endif %}
),

latest as (
    select
        subscriber_id,
        month,
        raw_table,
        max(load_id) as load_id
    from moved
    group by subscriber_id, month, raw_table
)

select
    latest.subscriber_id,
    latest.month,
    latest.raw_table,
    {% if is_incremental() %}
    coalesce(greatest(latest.load_id, known.load_id), 0) as load_id,
    {% else %}
    coalesce(latest.load_id, 0) as load_id,
    {% endif %}
    (
        select coalesce(max(watermark.position), 0) + 1
        from intermediate.model_watermarks as watermark
        where watermark.input = 'int_subscriber_month_changes'
    ) as change_id
from latest
{% if is_incremental() %}
left join {{ this }} as known
    on latest.subscriber_id = known.subscriber_id
    and latest.month = known.month
    and latest.raw_table = known.raw_table
{% endif %}
