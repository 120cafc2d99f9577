{# Upgrades rebuild the tables of an earlier definition, and what was made of them: rows of two never stand side by side (0306). #}
{% macro should_full_refresh() %}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is none and execute and 'must_be_rebuilt' not in model -%}
        {#- asked once per model: a rebuild ends as it began -#}
        {%- set follows = model.config.meta.raw_inputs or model.config.meta.inputs -%}
        {%- do model.update({'must_be_rebuilt': flags.FULL_REFRESH or not is_of_recorded_definition()
            or (follows and run_query(rebuilt_inputs()).rows | length > 0)}) -%}
    {%- endif -%}
    {{ return(model.get('must_be_rebuilt', flags.FULL_REFRESH) if configured is none else configured) }}
{% endmacro %}
