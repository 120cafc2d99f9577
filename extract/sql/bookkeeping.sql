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
