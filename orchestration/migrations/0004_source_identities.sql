-- Which sources the warehouse was filled from: another one is refused before anything of it is loaded.
set local role subdyn_owner;

create table app.source_identities (
    source text not null,
    number integer not null check (number >= 1),
    cause text not null check (cause in ('first_run', 'also_at', 'adopted')),
    engine text not null,
    hosts text[] not null,
    database_name text not null,
    own_identity text,
    recorded_at timestamptz not null default clock_timestamp(),
    recorded_by text not null default session_user,
    primary key (source, number),
    check ((number = 1) = (cause = 'first_run'))
);

comment on table app.source_identities is
    'One row per source and place it was found at: since its first run, or since it was moved there on purpose. Appended, never changed.';
comment on column app.source_identities.source is 'billing, platform or middleware';
comment on column app.source_identities.number is 'Counts the rows of a source from 1';
comment on column app.source_identities.cause is
    'first_run: what the warehouse was first run with; also_at: the same source at another address; adopted: another source, taken on purpose';
comment on column app.source_identities.engine is 'postgresql, mysql or mongodb';
comment on column app.source_identities.hosts is 'Each host as host:port';
comment on column app.source_identities.database_name is 'The database on these hosts';
comment on column app.source_identities.own_identity is
    'What the database itself is known by, wherever it is reached; empty where it has nothing of the kind';
comment on column app.source_identities.recorded_at is 'When, by the warehouse''s clock';
comment on column app.source_identities.recorded_by is 'The login that recorded it';

revoke all on app.source_identities from public;
grant select, insert on app.source_identities to subdyn_pipeline;
