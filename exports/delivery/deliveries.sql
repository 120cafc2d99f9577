-- name: request
insert into app.deliveries (result_id, formats, chart, state, requested_by)
values (%(result_id)s, %(formats)s, %(chart)s, 'ready', %(requested_by)s)
returning delivery_id;

-- name: list
-- The newest deliveries; of one state, or those with a mail whose outcome is unknown.
select
    delivery.delivery_id,
    delivery.query_id,
    coalesce(query.title, result.content ->> 'title', '') as title,
    delivery.due_at,
    delivery.requested_at,
    delivery.requested_by,
    delivery.state,
    delivery.reason,
    delivery.released_by,
    delivery.result_id
from app.deliveries as delivery
left join app.saved_queries as query on delivery.query_id = query.query_id
left join app.report_results as result on delivery.result_id = result.result_id and delivery.query_id is null
where
    %(state)s::text is null
    or delivery.state = %(state)s
    or (
        %(state)s = 'unknown'
        and exists (
            select from app.outbox as mail
            where mail.delivery_id = delivery.delivery_id and mail.state = 'unknown'
        )
    )
order by delivery.requested_at desc, delivery.delivery_id desc
limit %(most)s;

-- name: unfinished
-- Those without a result, in the order in which they fell due.
select delivery.delivery_id
from app.deliveries as delivery
where delivery.state in ('due', 'withheld') and delivery.query_id is not null
order by delivery.due_at, delivery.delivery_id;

-- name: hold_as_long_as_it_takes
-- A row is held while its report is generated, which no setting of the server may cut short.
select set_config(setting.name, '0', true)
from pg_settings as setting
where setting.name in ('idle_in_transaction_session_timeout', 'transaction_timeout');

-- name: take
-- None where another process has it, or it went on already.
select
    delivery.delivery_id,
    query.query_id,
    query.title,
    query.owner,
    query.recipients,
    query.deleted_at is not null as is_deleted,
    delivery.due_at,
    delivery.released_at is not null as is_released
from app.deliveries as delivery
inner join app.saved_queries as query on delivery.query_id = query.query_id
where delivery.delivery_id = %(delivery_id)s and delivery.state in ('due', 'withheld')
for update of delivery skip locked;

-- name: stop
-- Withheld or failed; noticed_at is when the owner heard of it first.
update app.deliveries
set state = %(state)s, reason = %(reason)s, noticed_at = coalesce(noticed_at, clock_timestamp())
where delivery_id = %(delivery_id)s;

-- name: let_through
update app.deliveries
set result_id = %(result_id)s, state = %(state)s, reason = null
where delivery_id = %(delivery_id)s;

-- name: notice_missed
update app.deliveries as missed
set noticed_at = now()
from app.saved_queries as query
where missed.query_id = query.query_id and missed.state = 'missed' and missed.noticed_at is null
returning missed.query_id, missed.due_at, missed.delivery_id, query.owner;

-- name: missed_together
-- The due times of which one notice speaks.
select other.due_at
from app.deliveries as noticed
inner join app.deliveries as other
    on noticed.query_id = other.query_id and noticed.noticed_at = other.noticed_at
where noticed.delivery_id = %(delivery_id)s and noticed.state = 'missed' and other.state = 'missed'
order by other.due_at;

-- name: release
update app.deliveries
set released_at = clock_timestamp(), released_by = %(released_by)s
where delivery_id = %(delivery_id)s and state = 'withheld' and released_at is null;

-- name: make_due
update app.deliveries
set state = 'due', reason = null
where delivery_id = %(delivery_id)s and state in ('failed', 'missed') and result_id is null;

-- name: to_send
-- Those with a mail to be sent, or with none left: one delivery, or all.
select
    delivery.delivery_id,
    delivery.query_id,
    delivery.result_id,
    query.title,
    coalesce(query.owner, delivery.requested_by) as owner,
    delivery.due_at,
    delivery.formats,
    delivery.chart,
    delivery.state,
    delivery.reason
from app.deliveries as delivery
left join app.saved_queries as query on delivery.query_id = query.query_id
where
    (%(delivery_id)s::bigint is null or delivery.delivery_id = %(delivery_id)s)
    and (
        exists (
            select from app.outbox as mail
            where
                mail.delivery_id = delivery.delivery_id
                and mail.state = 'waiting'
                and mail.next_attempt_at <= %(as_of)s
        )
        or (
            delivery.state = 'ready'
            and not exists (
                select from app.outbox as mail
                where
                    mail.delivery_id = delivery.delivery_id
                    and mail.kind = 'result'
                    and mail.state in ('waiting', 'claimed')
            )
        )
    )
order by delivery.due_at nulls first, delivery.delivery_id;

-- name: close
-- Done once none of its mails is left to send.
update app.deliveries as delivery
set state = 'done'
where
    delivery.delivery_id = %(delivery_id)s
    and delivery.state = 'ready'
    and not exists (
        select from app.outbox as mail
        where
            mail.delivery_id = delivery.delivery_id
            and mail.kind = 'result'
            and mail.state in ('waiting', 'claimed')
    );

-- name: reopen
update app.deliveries
set state = 'ready'
where delivery_id = %(delivery_id)s and state = 'done';

-- name: set_reason
-- Why it was not sent to everybody; null where it was.
update app.deliveries
set reason = %(reason)s
where delivery_id = %(delivery_id)s and state in ('ready', 'done')
returning state;
