{#
  Which subscribers' months a model has to rebuild.

  A table that months are made of tells, in its config, which months a row of it concerns:
      meta: {month_changes: {month: month}}                        the row's own month
      meta: {month_changes: {from: valid_from, to: valid_to}}      all months that end after `from`; a row of which only
                                                                   `to` moved: those that end after the earlier of the two
  The months of every row that goes or comes are noted in intermediate.changed_subscriber_months, in the transaction of the
  rows themselves: whatever moved, and in which order, each change is noted once, where it was and where it is. A table made
  rebuilt notes that every month changed.

  A table with rows per subscriber and month names the models it reads:
      meta: {month_inputs: [int_subscriber_months, int_user_states, int_platform_data_through]}
      incremental_strategy: changed_months
  It rebuilds, all rows of a month at once, the months noted since it was last built; where data through is among its
  inputs, also every month that ends after the earlier of data through then and now.
#}

{% macro create_changed_subscriber_months() %}
    create table if not exists intermediate.changed_subscriber_months (
        relation text not null,
        subscriber_id bigint not null,
        month date not null,
        change_id bigint generated always as identity,
        primary key (relation, subscriber_id, month)
    );
    create index if not exists changed_subscriber_months_by_change
        on intermediate.changed_subscriber_months (change_id);

    -- the feed of the release before
    drop table if exists intermediate.int_subscriber_month_changes;
{% endmacro %}


{# Runs a statement that deletes or inserts rows of `target`, and keeps what the notes need of them. #}
{% macro note_rows(name, target, columns, noted, statement) %}
    {%- set kept = ['subscriber_id', noted.month] if noted.month else columns -%}
    create temporary table {{ name }} on commit drop as
    select {{ kept | join(', ') }} from {{ target }} with no data;

    with moved as (
        {{ statement }}
        returning {% for column in kept %}{{ ', ' if not loop.first }}stored.{{ column }}{% endfor %}
    )
    insert into {{ name }}
    select {{ 'distinct *' if noted.month else '*' }} from moved;
{% endmacro %}


{# The months of rows_gone and rows_come. #}
{% macro note_months_of_rows(columns, noted) %}
    insert into intermediate.changed_subscriber_months as changed (relation, subscriber_id, month)
    {% if noted.month %}
    select '{{ this.identifier }}', moved.subscriber_id, moved.{{ noted.month }}
    from (table rows_gone union table rows_come) as moved
    where moved.subscriber_id is not null and moved.{{ noted.month }} is not null
    {% else %}
    select '{{ this.identifier }}', months.subscriber_id, months.month
    from (
        select moved.subscriber_id, min(moved.happened_at) as first_at
        from (
            {{ moved_instants(noted.from, columns | reject('equalto', noted.to) | join(', ')) }}
            {% if noted.to %}
            union all
            {{ moved_instants(noted.to, columns | join(', ')) }}
            {% endif %}
        ) as moved
        group by moved.subscriber_id
    ) as moved
    inner join {{ ref('int_subscriber_months') }} as months
        on moved.subscriber_id = months.subscriber_id and months.month_end_at > moved.first_at
    {% endif %}
    on conflict (relation, subscriber_id, month) do update set change_id = default;
{% endmacro %}


{# The instants in the column `instant` of rows that went or came, without those that came back as they were. #}
{% macro moved_instants(instant, compared) %}
    select gone.subscriber_id, gone.{{ instant }} as happened_at
    from (select {{ compared }} from rows_gone except select {{ compared }} from rows_come) as gone
    union all
    select come.subscriber_id, come.{{ instant }} as happened_at
    from (select {{ compared }} from rows_come except select {{ compared }} from rows_gone) as come
{% endmacro %}


{# A table rebuilt has no rows to compare: every month counts as changed. #}
{% macro note_every_month() %}
    insert into intermediate.changed_subscriber_months as changed (relation, subscriber_id, month)
    values ('{{ this.identifier }}', 0, '-infinity')
    on conflict (relation, subscriber_id, month) do update set change_id = default;
{% endmacro %}


{# Its inputs, for macros/model_watermarks.sql: what was noted, and data through in microseconds since 1970. #}
{% macro month_inputs(names) %}
    {%- set inputs = [{
        'name': 'changed_subscriber_months', 'relation': 'intermediate.changed_subscriber_months', 'position': 'change_id'
    }] -%}
    {%- if 'int_platform_data_through' in names -%}
        {%- do inputs.append({
            'name': 'int_platform_data_through',
            'relation': ref('int_platform_data_through'),
            'position': '(extract(epoch from data_through_at) * 1000000)::bigint',
        }) -%}
    {%- endif -%}
    {{ return(inputs) }}
{% endmacro %}


{# The months that an incremental model has to rebuild, in the temporary table changed_months. #}
{% macro note_changed_months(names) %}
    {%- set read = recorded_positions() -%}
    {%- set change_id = read.get('changed_subscriber_months') -%}
    {%- set data_through = read.get('int_platform_data_through') -%}
    {%- set relations = "('" ~ names | join("', '") ~ "')" -%}
    create temporary table changed_months on commit drop as
    select changed.subscriber_id, changed.month
    from intermediate.changed_subscriber_months as changed
    where changed.relation in {{ relations }} and changed.change_id > {{ change_id or 0 }}

    {% if data_through is not none and 'int_platform_data_through' in names %}
    union

    select months.subscriber_id, months.month
    from {{ ref('int_subscriber_months') }} as months
    cross join {{ ref('int_platform_data_through') }} as now
    cross join (select timestamptz 'epoch' + interval '1 microsecond' * {{ data_through }} as data_through_at) as before
    where
        now.data_through_at <> before.data_through_at
        and months.month_end_at > least(now.data_through_at, before.data_through_at)
    {% endif %}

    union

    -- all there are and all this table holds, where an input was rebuilt or never read
    select known.subscriber_id, known.month
    from (
        select subscriber_id, month from {{ ref('int_subscriber_months') }}
        union all
        select subscriber_id, month from {{ this }}
    ) as known
    where
        {% if change_id is none or (data_through is none and 'int_platform_data_through' in names) %}
        true
        {% else %}
        exists (
            select
            from intermediate.changed_subscriber_months as changed
            where changed.relation in {{ relations }} and changed.change_id > {{ change_id }} and changed.month = '-infinity'
        )
        {% endif %};

    create unique index on changed_months (subscriber_id, month);
    analyze changed_months;
{% endmacro %}


{# The months a model has to make, up to the instant that facts are known to: `counted_until`. #}
{% macro months_to_make() %}
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
