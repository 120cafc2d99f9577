-- Generated reports, each written once. Owned by a role nobody logs in as; the pipeline may read and add.
create table app.report_results (
    result_id text primary key check (result_id ~ '^[0-9a-f]{32}$'),
    report text not null,
    generated_at timestamptz not null default clock_timestamp(),
    as_of timestamptz not null,
    generated_by text not null,
    role text not null,
    company_id bigint,
    duration_seconds double precision not null check (duration_seconds >= 0),
    row_count integer not null check (row_count >= 0),
    content json not null
);

comment on table app.report_results is
    'One row per generated report: the stored result that pages, files, mails and links show. Never changed.';
comment on column app.report_results.result_id is '128 random bits in hexadecimal: cannot be guessed, fit for a link';
comment on column app.report_results.report is 'Name of the report, as on the command line';
comment on column app.report_results.generated_at is 'When the result was stored, by the database''s clock';
comment on column app.report_results.as_of is 'The "now" that relative intervals were resolved against';
comment on column app.report_results.generated_by is 'Who asked';
comment on column app.report_results.role is 'The role they asked in';
comment on column app.report_results.company_id is 'The company whose branch limited them; empty: all companies';
comment on column app.report_results.duration_seconds is 'Time it took to generate, seconds';
comment on column app.report_results.row_count is 'Rows of the result, Total included';
comment on column app.report_results.content is
    'Parameters as resolved, columns, rows, interval asked for, interval that had data, data through per source';

create index report_results_by_moment on app.report_results (generated_at desc);

create function app.refuse_change_of_a_report_result() returns trigger
language plpgsql as $$
begin
    raise exception 'a stored report result is never changed: % of app.report_results is refused', lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;

create trigger refuse_change_of_a_row
    before update or delete on app.report_results
    for each row execute function app.refuse_change_of_a_report_result();
create trigger refuse_truncation
    before truncate on app.report_results
    for each statement execute function app.refuse_change_of_a_report_result();
alter table app.report_results enable always trigger refuse_change_of_a_row;
alter table app.report_results enable always trigger refuse_truncation;

revoke all on app.report_results from public;
grant select, insert on app.report_results to subdyn_pipeline;
