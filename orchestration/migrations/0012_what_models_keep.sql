-- What dbt's incremental models keep beside their rows, in the transactions of these.
set local role subdyn_owner;

create table app.model_watermarks (
    model text not null,
    input text not null,
    position bigint not null,
    primary key (model, input)
);
comment on table app.model_watermarks is 'One row per incremental model and input: how far the model has read it.';
comment on column app.model_watermarks.model is 'Model';
comment on column app.model_watermarks.input is 'Raw table, model or model_changes that it follows';
comment on column app.model_watermarks.position is 'Highest position it has read there';

create table app.model_changes (
    relation text not null,
    key jsonb not null,
    change_id bigint generated always as identity,
    primary key (relation, key)
);
create index model_changes_by_change on app.model_changes (change_id);
comment on table app.model_changes is 'One row per table and key whose rows changed: the last time they did.';
comment on column app.model_changes.relation is 'Table whose rows changed';
comment on column app.model_changes.key is 'Columns by which its readers rebuild rows together; {}: the table was rebuilt';
comment on column app.model_changes.change_id is 'Grows with every change';

create table app.model_definitions (
    relation_name text primary key,
    definition_hash text not null
);
comment on table app.model_definitions is 'One row per view and incremental table: the definition it was made with.';
comment on column app.model_definitions.relation_name is 'Schema and name';
comment on column app.model_definitions.definition_hash is 'Hash of the definition';

revoke all on app.model_watermarks, app.model_changes, app.model_definitions from public;
grant select, insert, update, delete on app.model_watermarks, app.model_changes, app.model_definitions to subdyn_pipeline;
