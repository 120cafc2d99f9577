{#
  Whether a table or view was made by the model as it is now. A table's definition is its model's file, as its SQL is another in a
  build from nothing; a view's is what it is made of.
#}
{% macro is_of_recorded_definition() %}
    {%- if 'is_of_recorded_definition' not in model -%}
        {#- asked once per model: a rebuild ends as it began -#}
        {%- set recorded = run_query(
            "select 1 from app.model_definitions where relation_name = '" ~ this.schema ~ "." ~ this.identifier
            ~ "' and definition_hash = '" ~ definition_hash() ~ "'"
        ) -%}
        {%- do model.update({'is_of_recorded_definition': recorded.rows | length > 0}) -%}
    {%- endif -%}
    {{ return(model['is_of_recorded_definition']) }}
{% endmacro %}


{% macro definition_hash() %}
    {%- if model.config.materialized != 'view' -%}{{ return(model.checksum.checksum) }}{%- endif -%}
    {{ return(local_md5(
        [model.compiled_code, model.description, model.columns, model.config.grants, model.config.contract] | join
    )) }}
{% endmacro %}
