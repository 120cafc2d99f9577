-- Links to stored results, and the one way in which a stored result may go. Owned by a role nobody logs in as.
create table app.shares (
    share_id bigint generated always as identity primary key,
    link_sha256 text not null unique check (link_sha256 ~ '^[0-9a-f]{64}$'),
    result_id text not null,
    shared_by text not null,
    role text not null,
    company_id bigint,
    created_at timestamptz not null,
    expires_at timestamptz check (expires_at > created_at),
    revoked_at timestamptz,
    revoked_by text,
    check ((revoked_at is null) = (revoked_by is null))
);

create index shares_of_a_result on app.shares (result_id);

comment on table app.shares is
    'One row per link to a stored result. The link''s id is told once and not kept: whoever reads this table opens nothing';
comment on column app.shares.share_id is 'The link''s number, by which it is listed and revoked; opens nothing';
comment on column app.shares.link_sha256 is 'SHA-256 of the link''s id (32 hexadecimal digits in ASCII), in hexadecimal';
comment on column app.shares.result_id is 'The stored result; once the link is dead it may be one that was pruned';
comment on column app.shares.shared_by is 'Who shared it';
comment on column app.shares.role is 'The role they shared it in';
comment on column app.shares.company_id is 'The company whose branch limited them; empty: all companies';
comment on column app.shares.created_at is 'When it was shared';
comment on column app.shares.expires_at is 'From this instant on it opens nothing; empty: it does not expire';
comment on column app.shares.revoked_at is 'When it was revoked; empty: it was not';
comment on column app.shares.revoked_by is 'Who revoked it';

create table app.share_openings (
    opening_id bigint generated always as identity primary key,
    share_id bigint not null references app.shares (share_id),
    opened_at timestamptz not null,
    opened_by text not null,
    opened_through text not null
);

create index share_openings_of_a_share on app.share_openings (share_id, opened_at);

comment on table app.share_openings is 'One row each time that a link was opened';
comment on column app.share_openings.opening_id is 'The opening''s number';
comment on column app.share_openings.share_id is 'The link';
comment on column app.share_openings.opened_at is 'When it was opened';
comment on column app.share_openings.opened_by is 'Who opened it: a login, or the address of a reader without one';
comment on column app.share_openings.opened_through is 'How: command line, or page';

create table app.pruned_results (
    result_id text primary key,
    report text not null,
    generated_at timestamptz not null,
    generated_by text not null,
    pruned_at timestamptz not null default clock_timestamp(),
    pruned_by text not null
);

comment on table app.pruned_results is 'One row per stored result that was pruned: what it was, when it went, who let it go';
comment on column app.pruned_results.result_id is 'The id it had';
comment on column app.pruned_results.report is 'Name of the report';
comment on column app.pruned_results.generated_at is 'When it was stored';
comment on column app.pruned_results.generated_by is 'Who had asked for it';
comment on column app.pruned_results.pruned_at is 'When it was pruned, by the database''s clock';
comment on column app.pruned_results.pruned_by is 'Who pruned it';

-- What is held is never pruned. A link that expired or was revoked holds nothing.
create view app.held_results as
select
    shares.result_id,
    'share link' as held_by
from app.shares
where shares.revoked_at is null and coalesce(shares.expires_at > clock_timestamp(), true)
union
select
    deliveries.result_id,
    'delivery' as held_by
from app.deliveries
where deliveries.result_id is not null
union
select
    report_results.result_id,
    'closed month' as held_by
from app.report_results
where
    report_results.report = 'seat-evidence'
    and (report_results.content -> 'parameters' ->> 'row_hash') is not null;

comment on view app.held_results is 'One row per stored result and what keeps it from being pruned';
comment on column app.held_results.result_id is 'The stored result';
comment on column app.held_results.held_by is
    'share link (that still opens it), delivery (whatever became of it), closed month (its evidence pack)';

-- A link is made of a result that is there, and that result stays until the link is seen by whoever prunes.
create function app.require_the_result_of_a_share() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from app.report_results where result_id = new.result_id for key share;
    if not found then
        raise exception 'no stored result %', new.result_id using errcode = 'foreign_key_violation';
    end if;
    return new;
end
$$;

comment on function app.require_the_result_of_a_share() is 'Trigger: a link is made of a stored result that is there';
revoke all on function app.require_the_result_of_a_share() from public;

create trigger require_the_result
    before insert on app.shares
    for each row execute function app.require_the_result_of_a_share();

-- As before, but for a row that is noted as pruned and held by nothing: whoever deletes, by whatever way.
create or replace function app.refuse_change_of_a_report_result() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        if exists (select from app.pruned_results where result_id = old.result_id)
            and not exists (select from app.held_results where result_id = old.result_id)
        then
            return old;
        end if;
    end if;
    raise exception 'a stored report result is never changed: % of app.report_results is refused', lower(tg_op)
        using errcode = 'insufficient_privilege';
end
$$;

comment on function app.refuse_change_of_a_report_result() is
    'Trigger: a stored report result is never changed, and goes only where it is noted as pruned and nothing holds it';

create function app.prune_report_results(stored_before timestamptz, pruned_by text, at_most integer)
returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    candidates text[];
    pruned_count bigint;
begin
    if stored_before is null or stored_before > clock_timestamp() - interval '1 day' then
        raise exception 'a result is pruned a day after it was stored at the earliest'
            using errcode = 'invalid_parameter_value';
    end if;
    -- locked first: a link or a delivery that is being made meanwhile is waited for, or waits and finds the result gone
    with locked as (
        select result.result_id
        from app.report_results as result
        where
            result.generated_at < stored_before
            and not exists (select from app.held_results as held where held.result_id = result.result_id)
        order by result.generated_at
        limit at_most
        for update of result
    )
    select array_agg(locked.result_id) into candidates from locked;

    insert into app.pruned_results (result_id, report, generated_at, generated_by, pruned_by)
    select result.result_id, result.report, result.generated_at, result.generated_by, prune_report_results.pruned_by
    from app.report_results as result
    where
        result.result_id = any (candidates)
        and not exists (select from app.held_results as held where held.result_id = result.result_id);
    get diagnostics pruned_count = row_count;

    delete from app.report_results as result
    where
        result.result_id = any (candidates)
        and exists (select from app.pruned_results as pruned where pruned.result_id = result.result_id);
    return pruned_count;
end
$$;

comment on function app.prune_report_results(timestamptz, text, integer) is
    'Prunes at most so many results that were stored before an instant and that nothing holds, oldest first; returns how many';
revoke all on function app.prune_report_results(timestamptz, text, integer) from public;

revoke all on app.shares, app.share_openings, app.pruned_results, app.held_results from public;
grant select, insert on app.shares, app.share_openings to subdyn_pipeline;
grant update (revoked_at, revoked_by) on app.shares to subdyn_pipeline;
grant select on app.pruned_results, app.held_results to subdyn_pipeline;
grant execute on function app.prune_report_results(timestamptz, text, integer) to subdyn_pipeline;
