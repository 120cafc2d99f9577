{# What the incremental models keep beside their rows; made once, before the first model. #}
{% macro prepare_bookkeeping() %}
    {% if execute and flags.WHICH in ('build', 'run', 'test', 'seed') %}
        {% call statement('prepare_bookkeeping') %}
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

            do $$
            begin
                if obj_description('intermediate.kept_definitions'::regclass) is null then
                    comment on table intermediate.model_watermarks is
                        'One row per incremental model and input: how far the model has read it.';
                    comment on column intermediate.model_watermarks.model is 'Model';
                    comment on column intermediate.model_watermarks.input is 'Raw table or change feed that it follows';
                    comment on column intermediate.model_watermarks.position is 'Highest position it has read there';
                    comment on table intermediate.recorded_data_through is
                        'One row per source: up to which instant the marts hold it.';
                    comment on column intermediate.recorded_data_through.source is 'Source';
                    comment on column intermediate.recorded_data_through.data_through_at is
                        'Instant up to which it is complete; empty before it is';
                    comment on table intermediate.kept_definitions is
                        'One row per view, function and incremental table: the definition it was made with.';
                    comment on column intermediate.kept_definitions.relation_name is 'Schema and name';
                    comment on column intermediate.kept_definitions.definition_hash is 'Hash of the definition';
                    comment on table intermediate.changed_subscriber_months is
                        'One row per table and month of a subscriber whose rows there changed: the last time they did.';
                    comment on column intermediate.changed_subscriber_months.relation is 'Table whose rows changed';
                    comment on column intermediate.changed_subscriber_months.subscriber_id is 'Subscriber';
                    comment on column intermediate.changed_subscriber_months.month is 'First day of the month concerned';
                    comment on column intermediate.changed_subscriber_months.change_id is 'Grows with every change';
                end if;
            end
            $$;
        {% endcall %}
    {% endif %}
{% endmacro %}
