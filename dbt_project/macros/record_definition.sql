{# In the transaction that makes the table or view. #}
{% macro record_definition() %}
    {%- if execute and not is_of_recorded_definition() -%}
        insert into app.model_definitions (relation_name, definition_hash)
        values ('{{ this.schema }}.{{ this.identifier }}', '{{ definition_hash() }}')
        on conflict (relation_name) do update set definition_hash = excluded.definition_hash
    {%- endif -%}
{% endmacro %}
