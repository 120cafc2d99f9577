{#
  Models with rows per subscriber and month follow int_subscriber_month_changes by the raw tables that they depend on:
      meta: {change_feed: int_subscriber_month_changes}
      pre_hook: "{{ note_changed_months(['logons']) }}"
      incremental_strategy: changed_months
  All rows of the changed months are made anew; a row that comes out the same stays where it is.
#}
{% macro note_changed_months(raw_tables) %}
    {%- if execute and is_incremental() -%}
        create temporary table changed_months on commit drop as
        select distinct
            changed.subscriber_id,
            changed.month
        from {{ ref('int_subscriber_month_changes') }} as changed
        where
            changed.raw_table in ('subscribers'{% for name in raw_tables %}, '{{ name }}'{% endfor %})
            and changed.change_id > {{ read_position(change_inputs(model.config.meta)[0]) }};

        create unique index on changed_months (subscriber_id, month);
        analyze changed_months;
    {%- endif -%}
{% endmacro %}


{# The months a model has to make, up to the instant that facts are known to: `counted_until`. #}
{% macro months_to_make() %}
    -- depends_on: {{ ref('int_subscriber_month_changes') }}
    select
        months.subscriber_id,
        months.month,
        months.month_start_at,
        months.month_end_at,
        months.is_in_lifetime,
        least(months.month_end_at, data_through.data_through_at) as counted_until
    from {{ ref('int_subscriber_months') }} as months
    cross join {{ ref('int_platform_data_through') }} as data_through
    {% if is_incremental() %}
    where (months.subscriber_id, months.month) in (
        select changed_months.subscriber_id, changed_months.month from changed_months
    )
    {% endif %}
{% endmacro %}


{% macro get_incremental_changed_months_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set given = arg_dict['temp_relation'] -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set same_key -%}
        {%- for column in arg_dict['unique_key'] %}{{ ' and ' if not loop.first }}given.{{ column }} = stored.{{ column }}{% endfor -%}
    {%- endset %}

    analyze {{ given }};

    delete from {{ target }} as stored
    using changed_months
    where
        stored.subscriber_id = changed_months.subscriber_id
        and stored.month = changed_months.month
        and not exists (
            select
            from {{ given }} as given
            where
                {{ same_key }}
                and (
                    {%- for column in columns %}{{ ', ' if not loop.first }}given.{{ column }}{% endfor -%}
                ) is not distinct from (
                    {%- for column in columns %}{{ ', ' if not loop.first }}stored.{{ column }}{% endfor -%}
                )
        );

    insert into {{ target }} ({{ columns | join(', ') }})
    select {% for column in columns %}{{ ', ' if not loop.first }}given.{{ column }}{% endfor %}
    from {{ given }} as given
    where not exists (select from {{ target }} as stored where {{ same_key }});
{% endmacro %}
