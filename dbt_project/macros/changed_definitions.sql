{#
  A table that an earlier definition of its model made is rebuilt, as --full-refresh does: rows of two definitions never
  stand side by side. A definition is the model's file. What must not be rebuilt (full_refresh: false) is left alone;
  on_schema_change answers for it.
#}

{% macro should_full_refresh() %}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is none -%}
        {%- set configured = flags.FULL_REFRESH or not is_of_this_definition() -%}
    {%- endif -%}
    {{ return(configured) }}
{% endmacro %}


{% macro is_of_this_definition() %}
    {%- if not execute or model.config.materialized != 'incremental' -%}{{ return(true) }}{%- endif -%}
    {%- if 'recorded_definition' not in model -%}
        {# asked once per model: it is kept beside the rest of what is known of it #}
        {%- do model.update({'recorded_definition': recorded_definition_hash(this)}) -%}
    {%- endif -%}
    {{ return(model['recorded_definition'] == model.checksum.checksum) }}
{% endmacro %}


{% macro record_definition() %}
    {%- if not is_of_this_definition() -%}
        insert into intermediate.kept_definitions (relation_name, definition_hash)
        values ('{{ this.schema }}.{{ this.identifier }}', '{{ model.checksum.checksum }}')
        on conflict (relation_name) do update set definition_hash = excluded.definition_hash
    {%- endif -%}
{% endmacro %}
