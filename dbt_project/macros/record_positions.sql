{# Post-hook of a model that follows its inputs: how far it has read them, in the transaction of its rows. #}
{% macro record_positions() %}
    {%- set meta = model.config.get('meta', {}) -%}
    {%- if execute and (meta.raw_inputs or meta.inputs) -%}
        insert into app.model_watermarks as recorded (model, input, position)
        select '{{ this.identifier }}', input, position from input_positions
        on conflict (model, input) do update set position = excluded.position
        where recorded.position != excluded.position;
    {%- endif -%}
    {%- if execute and (meta.notes or meta.note_months) and not is_incremental() %}
        -- rebuilt: every key has changed
        insert into app.model_changes (relation, key) values ('{{ this.identifier }}', '{}')
        on conflict (relation, key) do update set change_id = default;
    {%- endif -%}
{% endmacro %}
