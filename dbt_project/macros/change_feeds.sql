{# The condition that a raw row came with a load that this model has not read yet; always true in a build from nothing. #}
{% macro is_unread(alias, source_name, table) -%}
    {%- if is_incremental() -%}
        {{ alias }}._load_id > {{ read_position(raw_input(source_name, table)) }}
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}


{# Whether an incremental model must start again: one of its raw inputs was never read, or was rebuilt since. #}
{% macro has_input_made_anew(pairs) %}
    {%- set rebuilt = [] -%}
    {%- for pair in pairs if is_incremental() -%}
        {%- set input = raw_input(*pair) -%}
        {%- set read = run_query(
            "select 1 from intermediate.model_watermarks as watermark"
            ~ " where watermark.model = '" ~ this.identifier ~ "' and watermark.input = '" ~ input.name ~ "'"
            ~ " and watermark.position <= (select coalesce(max(_load_id), 0) from " ~ input.relation ~ ")"
        ) -%}
        {%- if not read.rows | length -%}{%- do rebuilt.append(input.name) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(rebuilt | length > 0) }}
{% endmacro %}


{#
  A raw table as an input, followed by its column `key`, if that is not the model's own. Where its rows move from one key to
  another, `row` is the model's column that holds their ids: both keys have changed then.
#}
{% macro raw_input(source_name, table, key=none, row=none) %}
    {{ return({
        'name': 'raw/' ~ source_name ~ '/' ~ table,
        'relation': source(source_name, table),
        'position': '_load_id',
        'key': key,
        'row': row,
    }) }}
{% endmacro %}


{# A relation as an earlier build left it, without making this model depend on it; none where it is not built yet. #}
{% macro built_relation(schema, identifier) %}
    {{ return(adapter.get_relation(target.database, schema, identifier) if execute else none) }}
{% endmacro %}


{#
  Indexes by which the raw rows of a changed key are found; extraction makes none beyond its own needs. Asked for only
  where missing: creating an index waits for whoever is loading the table, even if it is there already. `only_filled` leaves
  out rows without a value.
#}
{% macro index_raw_tables(source_name, tables, column, only_filled=false) %}
    {%- for table in tables if execute -%}
        {%- set name = table ~ '_' ~ column ~ '_of_changes' -%}
        {%- set relation = source(source_name, table) -%}
        {%- set found = run_query(
            "select 1 from pg_index join pg_class on pg_class.oid = indexrelid where indrelid = '" ~ relation
            ~ "'::regclass and relname = '" ~ name ~ "'"
        ) -%}
        {%- if not found.rows | length %}
            create index {{ name }} on {{ relation }} ({{ column }})
            {%- if only_filled %} where {{ column }} is not null{% endif %};
            analyze {{ relation }};
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
