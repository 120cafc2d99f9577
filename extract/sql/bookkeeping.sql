create sequence if not exists {schema}.load_id_seq;

create table if not exists {schema}.load_log (
    load_id bigint primary key,
    table_name text not null,
    kind text not null check (kind in ('changes', 'whole', 'sweep')),
    as_of timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    extracted_count bigint not null,
    inserted_count bigint not null,
    updated_count bigint not null,
    unchanged_count bigint not null,
    deleted_count bigint not null,
    rejected_count bigint not null,
    watermark text
);

create table if not exists {schema}.watermarks (
    table_name text primary key,
    cursor_value text,
    load_id bigint not null,
    as_of timestamptz not null
);

create table if not exists {schema}.rejected (
    load_id bigint not null,
    table_name text not null,
    key text,
    reason text not null,
    document text not null,
    rejected_at timestamptz not null
);

create table if not exists {schema}.turns (
    table_name text primary key
);

create index if not exists rejected_table_name_key on {schema}.rejected (table_name, key);

comment on table {schema}.load_log is 'One row per complete load of a raw table, committed with its rows.';
comment on column {schema}.load_log.load_id is 'Key, growing; the _load_id of the rows it brought or changed';
comment on column {schema}.load_log.table_name is 'Raw table that was loaded';
comment on column {schema}.load_log.kind is 'changes, whole, or sweep (search for deleted rows)';
comment on column {schema}.load_log.as_of is 'Now of the run that loaded: the source is complete up to it';
comment on column {schema}.load_log.started_at is 'When the load began';
comment on column {schema}.load_log.finished_at is 'When the load was about to commit';
comment on column {schema}.load_log.extracted_count is 'Rows read from the source';
comment on column {schema}.load_log.inserted_count is 'Rows that were new';
comment on column {schema}.load_log.updated_count is 'Rows that had changed';
comment on column {schema}.load_log.unchanged_count is 'Rows that were there as they are';
comment on column {schema}.load_log.deleted_count is 'Rows found gone from the source and marked';
comment on column {schema}.load_log.rejected_count is 'Rows set aside with their reason';
comment on column {schema}.load_log.watermark is 'Cursor value that the load reached; empty for none';

comment on table {schema}.watermarks is 'One row per raw table: up to where it was read, moved with its rows.';
comment on column {schema}.watermarks.table_name is 'Raw table';
comment on column {schema}.watermarks.cursor_value is 'Cursor value up to which the source was read; empty for none';
comment on column {schema}.watermarks.load_id is 'Load that moved it last';
comment on column {schema}.watermarks.as_of is 'Now of that load''s run';

comment on table {schema}.rejected is 'One row per row or document that could not be stored, with its reason.';
comment on column {schema}.rejected.load_id is 'Load that set it aside first';
comment on column {schema}.rejected.table_name is 'Raw table it was meant for';
comment on column {schema}.rejected.key is 'Its key as text; empty where it cannot be read';
comment on column {schema}.rejected.reason is 'What keeps it from being stored';
comment on column {schema}.rejected.document is 'The row or document as it was read';
comment on column {schema}.rejected.rejected_at is 'When that load began';

comment on table {schema}.turns is 'One row per raw table, locked by the load that has its turn.';
comment on column {schema}.turns.table_name is 'Raw table';
