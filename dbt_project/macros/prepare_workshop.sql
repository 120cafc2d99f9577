{# What the incremental models keep beside their rows; made once, before the first model. #}
{% macro prepare_workshop() %}
    {% if execute and flags.WHICH in ('build', 'run', 'test', 'seed') %}
        {% call statement('prepare_workshop') %}
            create schema if not exists intermediate;

            create table if not exists intermediate.model_watermarks (
                model text not null,
                input text not null,
                position bigint not null,
                primary key (model, input)
            );

            create table if not exists intermediate.recorded_data_through (
                source text primary key,
                data_through_at timestamptz
            );

            create table if not exists intermediate.kept_definitions (
                relation_name text primary key,
                definition_hash text not null
            );
            {{ create_changed_subscriber_months() }}
        {% endcall %}
    {% endif %}
{% endmacro %}
