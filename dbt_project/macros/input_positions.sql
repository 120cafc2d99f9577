{# How far each input of a model goes: a number that grows with every change. Data through is in microseconds since 1970. #}
{% macro input_positions() %}
        {%- for raw in model.config.meta.raw_inputs or [] %}
        select 'raw/{{ raw.source }}/{{ raw.table }}' as input, coalesce(max(_load_id), 0)::bigint as position
        from {{ source(raw.source, raw.table) }}
        union all
        {%- endfor %}
        {%- for name in model.config.meta.inputs or [] if name.endswith('_data_through') %}
        select '{{ name }}' as input, coalesce(max(extract(epoch from data_through_at) * 1000000), 0)::bigint as position
        from {{ ref(name) }}
        union all
        {%- endfor %}
        select 'model_changes' as input, coalesce(max(change_id), 0)::bigint as position from app.model_changes
{%- endmacro %}
