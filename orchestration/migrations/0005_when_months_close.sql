-- Closed months say as of when, and after which grace, they were closed; and the database refuses a row that closes too
-- early, out of order, or claims another moment of writing than its own.
--
-- Rows of the release before have neither column: their hash is over the text it was taken over.
set local role subdyn_owner;

-- An hour is the least: a session without a logoff ends half an hour after it was last seen.
alter table closed.subscriber_metrics_monthly
    add column closed_as_of timestamptz,
    add column closing_grace_hours integer check (closing_grace_hours >= 1);

comment on column closed.subscriber_metrics_monthly.closed_at is
    'When the row was written; in rows without closed_as_of the closing run''s as_of';
comment on column closed.subscriber_metrics_monthly.closed_as_of is
    'The closing run''s as_of; empty in rows of the releases that kept it in closed_at';
comment on column closed.subscriber_metrics_monthly.closing_grace_hours is
    'Hours that data through had to pass the month''s end by; empty in rows of the releases that did not note it';
comment on column closed.subscriber_metrics_monthly.input_loads is
    'Per raw table of the platform, the last load that this row could know';

create function closed.moment_of_writing() returns timestamptz
language sql stable parallel safe
return statement_timestamp();
comment on function closed.moment_of_writing is 'What closed_at of a row that is being written has to be';

create or replace function closed.subscriber_metrics_text(closed_row closed.subscriber_metrics_monthly) returns text
language sql stable parallel safe
return (
    jsonb_build_array(
        (closed_row).subscriber_id, to_char((closed_row).month, 'YYYY-MM-DD'), (closed_row).subscriber_name,
        (closed_row).time_zone, closed.instant_text((closed_row).month_start_at),
        closed.instant_text((closed_row).month_end_at), (closed_row).super_users, (closed_row).enabled_staff,
        (closed_row).active_staff, (closed_row).enabled_managers, (closed_row).active_managers,
        (closed_row).enabled_reps, (closed_row).active_reps, (closed_row).concurrent_max,
        closed.instant_text((closed_row).concurrent_max_at), (closed_row).logon_minutes, (closed_row).file_limit_mb,
        (closed_row).file_limit_setting_id, (closed_row).commission_items, (closed_row).commission_run_id,
        (closed_row).process_fields, (closed_row).input_loads, (closed_row).evidence_rows, (closed_row).evidence_hash,
        closed.instant_text((closed_row).data_through_at), closed.instant_text((closed_row).closed_at),
        (closed_row).closed_late, (closed_row).definition_version
    )
    || case
        when (closed_row).closed_as_of is null then '[]'
        else jsonb_build_array(closed.instant_text((closed_row).closed_as_of), (closed_row).closing_grace_hours)
    end
)::text;
comment on function closed.subscriber_metrics_text is
    'The text of a closed row that its hash is taken over; closed_as_of and the grace end it, but in rows without them';

create or replace function closed.refuse_false_link() returns trigger
language plpgsql as $$
declare
    refused record;
begin
    select c.* into refused
    from (
        select
            a.subscriber_id,
            a.month,
            case
                when p.month is null and f.first_month < a.month then 'the month before it is not closed'
                when p.month is null and f.first_month > a.month then 'a later month is closed already'
                when a.previous_hash is distinct from p.row_hash then 'it does not link to the month before it'
                when a.row_hash <> closed.link(a.previous_hash, closed.subscriber_metrics_text(a))
                    then 'its hash is not the hash of its values'
                when a.month_start_at <> p.month_end_at then 'it does not begin where the month before it ended'
                when
                    abs(extract(epoch from a.month_end_at - ((a.month + interval '1 month') at time zone 'UTC')))
                    > 24 * 60 * 60
                    then 'it does not end with its calendar month in any zone'
                when a.closed_as_of is null or a.closing_grace_hours is null
                    then 'it does not say as of when and after which grace it was closed'
                when a.data_through_at < a.month_end_at + make_interval(hours => a.closing_grace_hours)
                    then 'data through has not passed its end by the grace'
                when a.closed_at not between transaction_timestamp() and statement_timestamp()
                    then 'its closed_at is not the moment of writing'
            end as reason
        from appended as a
        left join closed.subscriber_metrics_monthly as p
            on p.subscriber_id = a.subscriber_id and p.month = (a.month - interval '1 month')::date
        cross join lateral (
            -- the first month of the chain, if it is another one
            select min(s.month) as first_month
            from closed.subscriber_metrics_monthly as s
            where s.subscriber_id = a.subscriber_id and s.month <> a.month and s.previous_hash is null
        ) as f
    ) as c
    where c.reason is not null
    order by c.subscriber_id, c.month
    limit 1;
    if found then
        raise exception 'months close once, in order and after their grace: subscriber %, month %: %',
            refused.subscriber_id, refused.month, refused.reason using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;
