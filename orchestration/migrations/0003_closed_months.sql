-- Closed months of the subscriber metrics: written once, changed never.
--
-- The tables and functions belong to a role nobody logs in as; the pipeline may read and append. Triggers that are always
-- on, whatever the session's replication role, refuse the rest to everyone else: owner and superuser included. Whoever
-- drops a trigger to change a row breaks the chain of hashes, and `closed.subscriber_metrics_broken_links` names the row.
set local role subdyn_owner;

create table closed.subscriber_metrics_monthly (
    subscriber_id bigint not null,
    month date not null check (extract(day from month) = 1),
    subscriber_name text not null,
    time_zone text not null,
    month_start_at timestamptz not null,
    month_end_at timestamptz not null check (month_end_at >= month_start_at),
    super_users integer not null check (super_users >= 0),
    enabled_staff integer not null check (enabled_staff >= 0),
    active_staff integer not null check (active_staff >= 0),
    enabled_managers integer not null check (enabled_managers >= 0),
    active_managers integer not null check (active_managers >= 0),
    enabled_reps integer not null check (enabled_reps >= 0),
    active_reps integer not null check (active_reps >= 0),
    concurrent_max integer not null check (concurrent_max >= 0),
    concurrent_max_at timestamptz check ((concurrent_max_at is null) = (concurrent_max = 0)),
    logon_minutes bigint not null check (logon_minutes >= 0),
    file_limit_mb numeric,
    file_limit_setting_id bigint,
    commission_items bigint not null check (commission_items >= 0),
    commission_run_id bigint,
    process_fields bigint not null check (process_fields >= 0),
    input_loads jsonb not null,
    evidence_rows integer not null,
    evidence_hash text not null,
    data_through_at timestamptz not null,
    closed_at timestamptz not null,
    closed_late boolean not null,
    definition_version integer not null,
    previous_hash text,
    row_hash text not null,
    primary key (subscriber_id, month)
);

create table closed.subscriber_metric_evidence (
    subscriber_id bigint not null,
    month date not null,
    user_id bigint not null,
    user_name text,
    user_type text,
    seat text check (seat in ('super_users', 'staff', 'managers', 'reps')),
    is_locked_out boolean not null,
    is_enabled boolean not null,
    seat_during tstzmultirange not null,
    enabled_during tstzmultirange not null,
    logon_ids bigint[] not null,
    online_during tstzmultirange not null,
    online_microseconds bigint not null,
    primary key (subscriber_id, month, user_id)
);

create table closed.restatements (
    subscriber_id bigint not null,
    month date not null,
    metric text not null,
    restatement integer not null check (restatement >= 1),
    closed_value text,
    previous_value text,
    value_now text,
    difference numeric not null,
    cause text not null,
    load_id bigint,
    noticed_at timestamptz not null,
    definition_version integer not null,
    primary key (subscriber_id, month, metric, restatement),
    foreign key (subscriber_id, month) references closed.subscriber_metrics_monthly,
    check (previous_value is distinct from value_now)
);

comment on table closed.subscriber_metrics_monthly is
    'One row per subscriber and month that is closed: the metrics as they were invoiced. Written once.';
comment on column closed.subscriber_metrics_monthly.subscriber_id is 'The subscriber';
comment on column closed.subscriber_metrics_monthly.month is 'First day of the calendar month, in time_zone';
comment on column closed.subscriber_metrics_monthly.subscriber_name is 'The subscriber''s name when the month was closed';
comment on column closed.subscriber_metrics_monthly.time_zone is 'Zone in which the month was cut';
comment on column closed.subscriber_metrics_monthly.month_start_at is 'First instant of the month';
comment on column closed.subscriber_metrics_monthly.month_end_at is 'First instant after the month';
comment on column closed.subscriber_metrics_monthly.super_users is 'Staff users who were super users at any moment';
comment on column closed.subscriber_metrics_monthly.enabled_staff is 'Other staff users enabled at any moment';
comment on column closed.subscriber_metrics_monthly.active_staff is 'Other staff users who logged on';
comment on column closed.subscriber_metrics_monthly.enabled_managers is 'Agents who were managers, enabled at any moment';
comment on column closed.subscriber_metrics_monthly.active_managers is 'Agents who were managers and logged on';
comment on column closed.subscriber_metrics_monthly.enabled_reps is 'Other agents enabled at any moment';
comment on column closed.subscriber_metrics_monthly.active_reps is 'Other agents who logged on';
comment on column closed.subscriber_metrics_monthly.concurrent_max is 'Most distinct users logged on at one instant';
comment on column closed.subscriber_metrics_monthly.concurrent_max_at is 'First instant at which they were; empty if nobody';
comment on column closed.subscriber_metrics_monthly.logon_minutes is 'Whole minutes logged on, summed over users';
comment on column closed.subscriber_metrics_monthly.file_limit_mb is 'Highest file limit in force, MB; empty: never set';
comment on column closed.subscriber_metrics_monthly.file_limit_setting_id is 'The setting that gave file_limit_mb';
comment on column closed.subscriber_metrics_monthly.commission_items is 'Items of the last commission run closed by then';
comment on column closed.subscriber_metrics_monthly.commission_run_id is 'That commission run';
comment on column closed.subscriber_metrics_monthly.process_fields is 'Process fields at the month''s end';
comment on column closed.subscriber_metrics_monthly.input_loads is 'Per raw table, the last load that had moved this month';
comment on column closed.subscriber_metrics_monthly.evidence_rows is 'Rows of evidence frozen with this row';
comment on column closed.subscriber_metrics_monthly.evidence_hash is 'SHA-256 over those rows, in order of user_id';
comment on column closed.subscriber_metrics_monthly.data_through_at is 'The platform data was complete up to this instant';
comment on column closed.subscriber_metrics_monthly.closed_at is 'The closing run''s as_of';
comment on column closed.subscriber_metrics_monthly.closed_late is 'Closed after the month that follows it was over too, or first loaded when it was already over';
comment on column closed.subscriber_metrics_monthly.definition_version is 'Version of the metrics'' definition';
comment on column closed.subscriber_metrics_monthly.previous_hash is 'row_hash of the subscriber''s previous closed month';
comment on column closed.subscriber_metrics_monthly.row_hash is 'SHA-256 over this row and previous_hash';

comment on table closed.subscriber_metric_evidence is
    'One row per user and closed month: what the user was counted for, as it was known when the month was closed.';
comment on column closed.subscriber_metric_evidence.subscriber_id is 'The subscriber';
comment on column closed.subscriber_metric_evidence.month is 'First day of the month';
comment on column closed.subscriber_metric_evidence.user_id is 'The user';
comment on column closed.subscriber_metric_evidence.user_name is 'Name when the month was closed; empty: unknown user';
comment on column closed.subscriber_metric_evidence.user_type is 'staff, agent or customer; empty: unknown user';
comment on column closed.subscriber_metric_evidence.seat is 'The seat the user had, if any, were it not for a lock';
comment on column closed.subscriber_metric_evidence.is_locked_out is 'Locked at a moment of the month: in no seat count';
comment on column closed.subscriber_metric_evidence.is_enabled is 'Enabled at a moment of the month';
comment on column closed.subscriber_metric_evidence.seat_during is 'When the user held the state that gave the seat';
comment on column closed.subscriber_metric_evidence.enabled_during is 'When the user existed and was enabled';
comment on column closed.subscriber_metric_evidence.logon_ids is 'Logons that began in the month';
comment on column closed.subscriber_metric_evidence.online_during is 'When the user was logged on, overlaps merged';
comment on column closed.subscriber_metric_evidence.online_microseconds is 'How long that was, microseconds';

comment on table closed.restatements is
    'One row per metric of a closed month that late facts would have changed, each time it was noticed. Closed value + differences = full recomputation.';
comment on column closed.restatements.subscriber_id is 'The subscriber';
comment on column closed.restatements.month is 'First day of the closed month';
comment on column closed.restatements.metric is 'Column of closed.subscriber_metrics_monthly';
comment on column closed.restatements.restatement is 'Counts this metric''s restatements from 1';
comment on column closed.restatements.closed_value is 'Value as closed; empty: no value';
comment on column closed.restatements.previous_value is 'Value after the restatement before, or as closed';
comment on column closed.restatements.value_now is 'Value as recomputed; instants in UTC';
comment on column closed.restatements.difference is 'value_now - previous_value, no value taken as 0; seconds since 1970 for an instant';
comment on column closed.restatements.cause is 'Raw tables whose late rows moved it, or `definition`';
comment on column closed.restatements.load_id is 'The load of the platform that brought them';
comment on column closed.restatements.noticed_at is 'as_of of the run that noticed';
comment on column closed.restatements.definition_version is 'Version of the metrics'' definition that recomputed';

-- ---- the hashes -------------------------------------------------------------------------------------------------

create function closed.instant_text(instant timestamptz) returns text
language sql stable parallel safe
return to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
comment on function closed.instant_text is 'An instant in UTC to the microsecond, whatever the session''s settings';

create function closed.evidence_bytes(evidence closed.subscriber_metric_evidence) returns bytea
language sql stable parallel safe
return record_send(row(
    (evidence).user_id, (evidence).user_name, (evidence).user_type, (evidence).seat, (evidence).is_locked_out,
    (evidence).is_enabled, (evidence).seat_during, (evidence).enabled_during, (evidence).logon_ids,
    (evidence).online_during, (evidence).online_microseconds
));
comment on function closed.evidence_bytes is
    'A row of evidence in PostgreSQL''s binary format for records: the bytes that its month''s hash is taken over';

create function closed.subscriber_metrics_text(closed_row closed.subscriber_metrics_monthly) returns text
language sql stable parallel safe
return jsonb_build_array(
    (closed_row).subscriber_id, to_char((closed_row).month, 'YYYY-MM-DD'), (closed_row).subscriber_name,
    (closed_row).time_zone, closed.instant_text((closed_row).month_start_at),
    closed.instant_text((closed_row).month_end_at), (closed_row).super_users, (closed_row).enabled_staff,
    (closed_row).active_staff, (closed_row).enabled_managers, (closed_row).active_managers, (closed_row).enabled_reps,
    (closed_row).active_reps, (closed_row).concurrent_max, closed.instant_text((closed_row).concurrent_max_at),
    (closed_row).logon_minutes, (closed_row).file_limit_mb, (closed_row).file_limit_setting_id,
    (closed_row).commission_items, (closed_row).commission_run_id, (closed_row).process_fields,
    (closed_row).input_loads, (closed_row).evidence_rows, (closed_row).evidence_hash,
    closed.instant_text((closed_row).data_through_at), closed.instant_text((closed_row).closed_at),
    (closed_row).closed_late, (closed_row).definition_version
)::text;
comment on function closed.subscriber_metrics_text is 'The text of a closed row that its hash is taken over';

create function closed.link(previous_hash text, row_text text) returns text
language sql immutable parallel safe
return encode(sha256(convert_to(coalesce(previous_hash, '') || E'\n' || row_text, 'UTF8')), 'hex');
comment on function closed.link is 'SHA-256 in hexadecimal of previous_hash (empty for the first), a newline and row_text, in UTF-8';

create function closed.next_link(state text, previous_hash text, row_text text) returns text
language sql immutable parallel safe
return closed.link(coalesce(state, previous_hash), row_text);

create aggregate closed.chain(previous_hash text, row_text text) (sfunc = closed.next_link, stype = text);
comment on aggregate closed.chain(text, text) is
    'Over rows in order: the hash of each, from the hash before the first of them (empty for none) on';

create function closed.subscriber_metrics_broken_links()
returns table (subscriber_id bigint, month date, fault text)
language sql stable
begin atomic
    with evidence as (
        select
            e.subscriber_id,
            e.month,
            count(*) as evidence_rows,
            encode(sha256(string_agg(closed.evidence_bytes(e.*), '' order by e.user_id)), 'hex') as evidence_hash
        from closed.subscriber_metric_evidence as e
        group by e.subscriber_id, e.month
    ),
    checked as (
        select
            coalesce(m.subscriber_id, e.subscriber_id) as subscriber_id,
            coalesce(m.month, e.month) as month,
            case
                when m.month is null then 'the closed row of this evidence is gone'
                when m.row_hash <> closed.link(m.previous_hash, closed.subscriber_metrics_text(m.*))
                    then 'the row was changed after it was closed'
                when m.previous_hash is distinct from lag(m.row_hash) over in_order
                    then 'the row before it was removed or replaced'
                when lag(m.month) over in_order <> (m.month - interval '1 month')::date
                    then 'the month before it is gone'
                when coalesce(e.evidence_rows, 0) <> m.evidence_rows
                    or coalesce(e.evidence_hash, encode(sha256(''), 'hex')) <> m.evidence_hash
                    then 'its evidence was changed after it was closed'
            end as fault
        from closed.subscriber_metrics_monthly as m
        full join evidence as e on e.subscriber_id = m.subscriber_id and e.month = m.month
        window in_order as (partition by m.subscriber_id order by m.month)
    )
    select c.subscriber_id, c.month, c.fault from checked as c where c.fault is not null order by 1, 2;
end;
comment on function closed.subscriber_metrics_broken_links is
    'The closed rows whose hash, place in the chain or evidence is not what it was when they were closed, and the fault';

-- ---- what the database refuses ----------------------------------------------------------------------------------

create function closed.refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception 'what is closed is never changed: % of %.% is refused', lower(tg_op), tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

create function closed.refuse_false_link() returns trigger
language plpgsql as $$
declare
    false_link record;
begin
    select a.subscriber_id, a.month into false_link
    from appended as a
    left join closed.subscriber_metrics_monthly as p
        on p.subscriber_id = a.subscriber_id and p.month = (a.month - interval '1 month')::date
    where
        a.row_hash <> closed.link(a.previous_hash, closed.subscriber_metrics_text(a))
        or a.previous_hash is distinct from p.row_hash
        or (
            p.month is null
            and exists (
                select from closed.subscriber_metrics_monthly as o
                where o.subscriber_id = a.subscriber_id and o.month <> a.month and o.previous_hash is null
            )
        )
    order by a.subscriber_id, a.month
    limit 1;
    if found then
        raise exception 'months close in order and link to the one before: subscriber %, month % does not',
            false_link.subscriber_id, false_link.month using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

create trigger refuse_false_link
    after insert on closed.subscriber_metrics_monthly
    referencing new table as appended
    for each statement execute function closed.refuse_false_link();
alter table closed.subscriber_metrics_monthly enable always trigger refuse_false_link;

do $$
declare
    table_name text;
begin
    foreach table_name in array array['subscriber_metrics_monthly', 'subscriber_metric_evidence', 'restatements'] loop
        execute format(
            'create trigger refuse_change before update or delete or truncate on closed.%I '
            'for each statement execute function closed.refuse_change()', table_name
        );
        execute format('alter table closed.%I enable always trigger refuse_change', table_name);
        execute format('revoke all on closed.%I from public', table_name);
        execute format('grant select, insert on closed.%I to subdyn_pipeline', table_name);
        execute format('grant select on closed.%I to bi_reader', table_name);
    end loop;
end
$$;
