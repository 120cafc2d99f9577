-- name: add
-- A mail that is there already stays as it is.
insert into app.outbox (delivery_id, kind, recipient, message_id, next_attempt_at)
values (%(delivery_id)s, %(kind)s, %(recipient)s, %(message_id)s, %(as_of)s)
on conflict do nothing;

-- name: waiting
select
    mail.kind,
    mail.recipient
from app.outbox as mail
where mail.delivery_id = %(delivery_id)s and mail.state = 'waiting' and mail.next_attempt_at <= %(as_of)s
order by mail.kind, mail.recipient;

-- name: claim
-- Of several processes one gets the row: the others neither wait for it nor find it waiting afterwards.
with free as (
    select
        waiting.delivery_id,
        waiting.kind,
        waiting.recipient
    from app.outbox as waiting
    where
        waiting.delivery_id = %(delivery_id)s
        and waiting.kind = %(kind)s
        and waiting.recipient = %(recipient)s
        and waiting.state = 'waiting'
        and waiting.next_attempt_at <= %(as_of)s
    for update skip locked
)

update app.outbox as mail
set
    state = 'claimed',
    claimed_at = clock_timestamp(),
    claimed_by = %(process)s,
    attempt_count = mail.attempt_count + 1
from free
where (mail.delivery_id, mail.kind, mail.recipient) = (free.delivery_id, free.kind, free.recipient)
returning mail.delivery_id, mail.kind, mail.recipient, mail.message_id, mail.attempt_count, mail.claimed_at;

-- name: mark
-- A claim that was given up in the meantime (unknown) is known after all.
update app.outbox
set
    state = %(state)s,
    answer = %(answer)s,
    next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at),
    sent_at = case when %(state)s = 'sent' then clock_timestamp() end
where
    delivery_id = %(delivery_id)s
    and kind = %(kind)s
    and recipient = %(recipient)s
    and state in ('claimed', 'unknown')
    and claimed_at = %(claimed_at)s;

-- name: put_off
update app.outbox
set next_attempt_at = %(next_attempt_at)s, answer = %(reason)s
where
    delivery_id = %(delivery_id)s
    and kind = %(kind)s
    and state = 'waiting'
    and next_attempt_at <= %(as_of)s;

-- name: claiming_processes
select distinct mail.claimed_by
from app.outbox as mail
where mail.state = 'claimed' and mail.claimed_by is not null;

-- name: give_up_claims
-- The lease goes by the database's clock: it measures processes, not the data's days.
update app.outbox
set
    state = 'unknown',
    answer = 'the process that was sending it ended before it knew whether the server took it'
where state = 'claimed' and (claimed_by = any(%(ended_processes)s) or claimed_at < clock_timestamp() - %(lease)s);

-- name: put_back
update app.outbox
set state = 'waiting', attempt_count = 0, next_attempt_at = %(as_of)s
where
    delivery_id = %(delivery_id)s
    and state in ('unknown', 'failed', 'refused')
    and (%(recipient)s::text is null or lower(recipient) = lower(%(recipient)s))
returning recipient;

-- name: mails
select
    mail.delivery_id,
    mail.kind,
    mail.recipient,
    mail.state,
    mail.attempt_count,
    mail.next_attempt_at,
    mail.answer
from app.outbox as mail
where mail.delivery_id = any(%(delivery_ids)s)
order by mail.delivery_id, mail.kind desc, mail.recipient;
