{#
  Pre-hook of a model that follows its inputs, which its config names:
      meta:
          changed_key: [customer_id]     the model's columns by which rows are rebuilt together
          raw_inputs: [{source: billing, table: transactions, key: customer_id, row: transaction_id}]
                                         raw tables, by _load_id; where rows move from one key to another, `row` is the model's
                                         column of their ids: both keys have changed
          inputs: [dim_customer]         models that note such keys (note_changes.sql); how far data goes, as int_platform_data_through
          notes, note_months             see note_changes.sql
  The keys that moved since the inputs were last read are put into the temporary table changed_keys, and how far the inputs go
  into input_positions: after the model they are recorded in the transaction of its rows. What arrives in between is found again.
#}
{% macro follow_inputs() %}
    {%- set meta = model.config.get('meta', {}) -%}
    {%- for name in meta if execute and name not in ['changed_key', 'raw_inputs', 'inputs', 'notes', 'note_months'] -%}
        {{ exceptions.raise_compiler_error(model.name ~ ": meta has no key '" ~ name ~ "'") }}
    {%- endfor -%}
    {%- set parents = (model.depends_on.nodes | join(' ')).replace('.', ' ').split() -%}
    {%- for name in meta.inputs or [] if execute and name not in parents -%}
        {{ exceptions.raise_compiler_error(model.name ~ ': its input ' ~ name ~ ' is no model that it reads') }}
    {%- endfor -%}
    {%- if execute and (meta.raw_inputs or meta.inputs) -%}
        create temporary table input_positions on commit drop as {{ input_positions() }};
        {% if is_incremental() and meta.changed_key %}
        create temporary table changed_keys on commit drop as
        {%- set key = meta.changed_key | join(', ') %}
        {%- for raw in meta.raw_inputs or [] %}
        {%- set is_unread = 'changed._load_id > ' ~ read_position('raw/' ~ raw.source ~ '/' ~ raw.table) %}
        select changed.{{ raw.key }} as {{ key }} from {{ source(raw.source, raw.table) }} as changed where {{ is_unread }}
        union
        {%- if raw.row %}
        select known.{{ key }}
        from {{ this }} as known
        inner join {{ source(raw.source, raw.table) }} as changed on known.{{ raw.row }} = changed.id
        where {{ is_unread }}
        union
        {%- endif %}
        {%- endfor %}
        {%- if 'int_platform_data_through' in meta.inputs and 'month' in meta.changed_key %}
        -- the months that end after the earlier of data through then and now
        select months.subscriber_id, months.month
        from {{ ref('int_subscriber_months') }} as months
        cross join {{ ref('int_platform_data_through') }} as now
        cross join (
            select timestamptz 'epoch' + {{ read_position('int_platform_data_through') }} * interval '1 microsecond' as data_through_at
        ) as before
        where
            now.data_through_at != before.data_through_at
            and months.month_end_at > least(now.data_through_at, before.data_through_at)
        union
        {%- endif %}
        {%- for name in meta.inputs if config.get('full_refresh') is false %}
        select {{ key }} from {{ ref(name) }}
        where exists ({{ rebuilt_inputs() }})
        union
        {%- endfor %}
        {{ changes_of(meta.inputs or [], meta.changed_key, this) }};

        create unique index on changed_keys ({{ key }});
        analyze changed_keys;
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
