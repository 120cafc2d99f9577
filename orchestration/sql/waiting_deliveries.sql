-- What a run could do now: deliveries to be generated or let go, mails to be sent, notices to be written; how many are
-- withheld until something heals.
with mails as (
    select
        delivery_id,
        bool_or(state = 'waiting' and next_attempt_at <= %(now)s) as may_be_sent,
        bool_or(kind = 'result' and state in ('waiting', 'claimed')) as is_open,
        bool_or(state = 'claimed' and claimed_at < %(now)s - %(lease)s) as is_claimed_for_ever
    from app.outbox
    where delivery_id in (select delivery_id from app.outbox where state in ('waiting', 'claimed'))
    group by delivery_id
)

select
    count(*) filter (
        where
        delivery.state = 'due'
        or delivery.state = 'withheld' and delivery.released_at is not null
        or delivery.state = 'ready' and not coalesce(mails.is_open, false)
        or delivery.state = 'missed' and delivery.noticed_at is null
        or mails.may_be_sent
        or mails.is_claimed_for_ever
    ) as waiting,
    count(*) filter (where delivery.state = 'withheld' and delivery.released_at is null) as withheld
from app.deliveries as delivery
left join mails on delivery.delivery_id = mails.delivery_id
where
    delivery.state in ('due', 'withheld', 'ready')
    or delivery.state = 'missed' and delivery.noticed_at is null
    or mails.delivery_id is not null
