-- Restatements are a chain, like closed months: each row has a place, and a hash over itself and the row before it. The
-- database refuses a row that does not follow from the ledger and from the closed month as they are.
--
-- Rows of the releases before have no place: they are the chain's start, and the first row's previous_hash is the hash
-- over all of them.
set local role subdyn_owner;

alter table closed.restatements
    add column position bigint unique check (position >= 1),
    add column previous_hash text,
    add column row_hash text,
    add check ((position is null) = (row_hash is null));

comment on column closed.restatements.position is
    'Place in the chain, from 1; empty in rows of the releases before there was one';
comment on column closed.restatements.previous_hash is
    'row_hash of the row before it; of the first, the hash over the rows without a place, if there are any';
comment on column closed.restatements.row_hash is 'SHA-256 over this row and previous_hash';

create function closed.restatement_text(ledger_row closed.restatements) returns text
language sql stable parallel safe
return jsonb_build_array(
    (ledger_row).position, (ledger_row).subscriber_id, to_char((ledger_row).month, 'YYYY-MM-DD'),
    (ledger_row).metric, (ledger_row).restatement, (ledger_row).closed_value, (ledger_row).previous_value,
    (ledger_row).value_now, (ledger_row).difference, (ledger_row).cause, (ledger_row).load_id,
    closed.instant_text((ledger_row).noticed_at), (ledger_row).definition_version
)::text;
comment on function closed.restatement_text is 'The text of a restatement that its hash is taken over';

create function closed.restatements_start() returns text
language sql stable
return (
    select
        encode(
            sha256(
                convert_to(
                    string_agg(
                        closed.restatement_text(r.*), E'\n'
                        order by r.subscriber_id, r.month, r.metric collate "C", r.restatement
                    ),
                    'UTF8'
                )
            ),
            'hex'
        )
    from closed.restatements as r
    where r.position is null
);
comment on function closed.restatements_start is
    'The hash over the restatements that have no place in the chain; empty where there are none';

create function closed.metric_number(metric text, value text) returns numeric
language sql stable parallel safe
return coalesce(
    case when metric = 'concurrent_max_at' then extract(epoch from value::timestamptz) else value::numeric end, 0
);
comment on function closed.metric_number is
    'The number that differences are taken of: seconds since 1970 for an instant, 0 for no value';

create function closed.refuse_false_restatement() returns trigger
language plpgsql as $$
declare
    refused record;
begin
    select c.* into refused
    from (
        select
            a.subscriber_id,
            a.month,
            a.metric,
            case
                when a.position is null or a.row_hash is null then 'it has no place in the chain'
                when a.position > 1 and p.position is null then 'there is no row before it'
                when
                    a.previous_hash is distinct from
                    case when a.position = 1 then closed.restatements_start() else p.row_hash end
                    then 'it does not link to the row before it'
                when a.row_hash <> closed.link(a.previous_hash, closed.restatement_text(a))
                    then 'its hash is not the hash of its values'
                when
                    a.metric <> all(array[
                        'super_users', 'enabled_staff', 'active_staff', 'enabled_managers', 'active_managers',
                        'enabled_reps', 'active_reps', 'concurrent_max', 'concurrent_max_at', 'logon_minutes',
                        'file_limit_mb', 'commission_items', 'process_fields'
                    ])
                    then 'there is no such metric'
                when
                    a.closed_value is distinct from
                    case
                        when a.metric = 'concurrent_max_at' then closed.instant_text(m.concurrent_max_at)
                        else to_jsonb(m) ->> a.metric
                    end
                    then 'its closed value is not that of the closed month'
                when a.restatement > 1 and q.restatement is null then 'the restatement before it is missing'
                when
                    a.previous_value is distinct from
                    case when a.restatement = 1 then a.closed_value else q.value_now end
                    then 'its previous value is not the one that was known'
                when
                    a.difference
                    <> closed.metric_number(a.metric, a.value_now) - closed.metric_number(a.metric, a.previous_value)
                    then 'its difference is not that of its values'
            end as reason
        from appended as a
        inner join closed.subscriber_metrics_monthly as m on m.subscriber_id = a.subscriber_id and m.month = a.month
        left join closed.restatements as p on p.position = a.position - 1
        left join closed.restatements as q
            on
                q.subscriber_id = a.subscriber_id
                and q.month = a.month
                and q.metric = a.metric
                and q.restatement = a.restatement - 1
    ) as c
    where c.reason is not null
    order by c.subscriber_id, c.month, c.metric
    limit 1;
    if found then
        raise exception 'a restatement follows from the ledger: subscriber %, month %, %: %',
            refused.subscriber_id, refused.month, refused.metric, refused.reason
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

comment on function closed.refuse_false_restatement() is
    'Trigger: a restatement follows from the ledger and from the closed month, and links to the row before it';

create trigger refuse_false_restatement
    after insert on closed.restatements
    referencing new table as appended
    for each statement execute function closed.refuse_false_restatement();
alter table closed.restatements enable always trigger refuse_false_restatement;
