-- Saved queries, what is due of them, and what goes to whom. Owned by a role nobody logs in as.
create table app.saved_queries (
    query_id bigint generated always as identity primary key,
    title text not null check (title <> ''),
    owner text not null,
    visibility text not null check (visibility in ('mine', 'company', 'all')),
    company_id bigint,
    report text not null,
    parameters jsonb not null,
    formats text[] not null check (cardinality(formats) > 0),
    chart jsonb,
    recipients text[] not null default '{}',
    cron text,
    time_zone text,
    missed text not null default 'catch_up' check (missed in ('catch_up', 'tell')),
    is_paused boolean not null default false,
    due_after timestamptz not null default clock_timestamp(),
    version integer not null default 1 check (version > 0),
    changed_at timestamptz not null default clock_timestamp(),
    changed_by text not null,
    deleted_at timestamptz,
    check ((cron is null) = (time_zone is null)),
    check (visibility <> 'company' or company_id is not null)
);

create unique index saved_queries_by_title on app.saved_queries (owner, title) where deleted_at is null;
create index saved_queries_with_a_schedule on app.saved_queries (due_after)
where cron is not null and not is_paused and deleted_at is null;

comment on table app.saved_queries is
    'One row per saved query: a report''s question with all it needs to be asked again, and its e-mail schedule';
comment on column app.saved_queries.query_id is 'The query''s number';
comment on column app.saved_queries.title is 'Its title; one owner has each but once';
comment on column app.saved_queries.owner is 'Whose it is';
comment on column app.saved_queries.visibility is 'Who else sees it: mine, company (the owner''s) or all';
comment on column app.saved_queries.company_id is 'The company whose branch limits it; empty: all companies';
comment on column app.saved_queries.report is 'Name of the report, as on the command line';
comment on column app.saved_queries.parameters is 'The report''s parameters as given; a relative interval stays relative';
comment on column app.saved_queries.formats is 'Formats of the files that it makes';
comment on column app.saved_queries.chart is 'The chart that goes with it: template, columns, type, title; empty: none';
comment on column app.saved_queries.recipients is 'E-mail addresses that a scheduled result goes to';
comment on column app.saved_queries.cron is 'When it is due, as a cron expression; empty: never by itself';
comment on column app.saved_queries.time_zone is 'The zone that the cron expression is read in';
comment on column app.saved_queries.missed is
    'What is done with due times that passed while nothing ran: catch_up (each is made up for) or tell (a notice)';
comment on column app.saved_queries.is_paused is 'Whether its schedule rests';
comment on column app.saved_queries.due_after is 'Due times up to this instant are dealt with';
comment on column app.saved_queries.version is 'Counts its changes, from 1';
comment on column app.saved_queries.changed_at is 'When this version was written, by the database''s clock';
comment on column app.saved_queries.changed_by is 'Who wrote this version';
comment on column app.saved_queries.deleted_at is 'When it was deleted; empty: it was not';

-- Each version of a saved query, written by the database itself.
create table app.saved_query_versions (
    query_id bigint not null references app.saved_queries (query_id),
    version integer not null,
    content jsonb not null,
    changed_at timestamptz not null,
    changed_by text not null,
    primary key (query_id, version)
);

comment on table app.saved_query_versions is 'One row per saved query and version: its history, never changed';
comment on column app.saved_query_versions.query_id is 'The query''s number';
comment on column app.saved_query_versions.version is 'Its version, from 1';
comment on column app.saved_query_versions.content is 'The query''s row as of this version';
comment on column app.saved_query_versions.changed_at is 'When the version was written, by the database''s clock';
comment on column app.saved_query_versions.changed_by is 'Who wrote it';

create function app.keep_version_of_a_saved_query() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'INSERT' or new.version <> old.version then
        insert into app.saved_query_versions (query_id, version, content, changed_at, changed_by)
        values (new.query_id, new.version, to_jsonb(new), new.changed_at, new.changed_by);
    end if;
    return null;
end
$$;

comment on function app.keep_version_of_a_saved_query() is 'Trigger: keeps each version of a saved query';
revoke all on function app.keep_version_of_a_saved_query() from public;

create trigger keep_version
    after insert or update on app.saved_queries
    for each row execute function app.keep_version_of_a_saved_query();

-- What is to be sent: one row per due time of a saved query, or per result that somebody sends on.
create table app.deliveries (
    delivery_id bigint generated always as identity primary key,
    query_id bigint references app.saved_queries (query_id),
    due_at timestamptz,
    result_id text references app.report_results (result_id),
    formats text[] not null,
    chart jsonb,
    state text not null default 'due'
        check (state in ('due', 'withheld', 'ready', 'done', 'missed', 'failed')),
    reason text,
    noticed_at timestamptz,
    released_at timestamptz,
    released_by text,
    requested_by text not null,
    requested_at timestamptz not null default clock_timestamp(),
    unique (query_id, due_at),
    check ((released_at is null) = (released_by is null)),
    check (state not in ('ready', 'done') or result_id is not null)
);

create index deliveries_that_go_on on app.deliveries (requested_at) where state in ('due', 'withheld', 'ready');
create index deliveries_of_a_result on app.deliveries (result_id);

comment on table app.deliveries is
    'One row per due time of a saved query, or per result that somebody sends: at most one result each';
comment on column app.deliveries.delivery_id is 'The delivery''s number';
comment on column app.deliveries.query_id is 'The saved query; empty: a result that somebody sent by hand';
comment on column app.deliveries.due_at is 'The due time; empty: asked for by hand';
comment on column app.deliveries.result_id is 'The stored result, once it is generated';
comment on column app.deliveries.formats is 'Formats of the files attached';
comment on column app.deliveries.chart is 'The chart that goes with it; empty: none';
comment on column app.deliveries.state is
    'due (to be generated), withheld (inputs not fresh or a check failed), ready (to be sent), done, missed, failed';
comment on column app.deliveries.reason is 'Why it is withheld, missed or failed, for people';
comment on column app.deliveries.noticed_at is 'When its owner was told of that; empty: not yet';
comment on column app.deliveries.released_at is 'When a person let it go in spite of what withheld it';
comment on column app.deliveries.released_by is 'Who did';
comment on column app.deliveries.requested_by is 'Who or what asked for it';
comment on column app.deliveries.requested_at is 'When it was asked for, by the database''s clock';

-- One row per mail: claimed before it is sent, so that a crash between the two is seen and not sent twice.
create table app.outbox (
    delivery_id bigint not null references app.deliveries (delivery_id),
    recipient text not null,
    state text not null default 'waiting'
        check (state in ('waiting', 'claimed', 'sent', 'refused', 'failed', 'unknown')),
    message_id text not null,
    attempt_count integer not null default 0 check (attempt_count >= 0),
    next_attempt_at timestamptz not null default clock_timestamp(),
    claimed_at timestamptz,
    claimed_by text,
    sent_at timestamptz,
    answer text,
    primary key (delivery_id, recipient)
);

create index outbox_that_waits on app.outbox (next_attempt_at) where state in ('waiting', 'claimed');

comment on table app.outbox is 'One row per delivery and recipient: the mail and what became of it';
comment on column app.outbox.delivery_id is 'The delivery';
comment on column app.outbox.recipient is 'The e-mail address';
comment on column app.outbox.state is
    'waiting, claimed (somebody is sending it), sent, refused (for good), failed (given up), unknown (a crash while sending)';
comment on column app.outbox.message_id is 'The mail''s Message-ID, the same at every attempt';
comment on column app.outbox.attempt_count is 'Attempts so far';
comment on column app.outbox.next_attempt_at is 'Not to be tried before this instant';
comment on column app.outbox.claimed_at is 'When it was claimed last';
comment on column app.outbox.claimed_by is 'The process that claimed it';
comment on column app.outbox.sent_at is 'When the server took it';
comment on column app.outbox.answer is 'What the server said last, or where the file lies';

revoke all on app.saved_queries, app.saved_query_versions, app.deliveries, app.outbox from public;
grant select, insert, update on app.saved_queries, app.deliveries, app.outbox to subdyn_pipeline;
grant select on app.saved_query_versions to subdyn_pipeline;
