-- Customer states at period ends that lie after their month start: those that began in between.
select
    history.customer_id,
    asked.number as first_end,
    asked.number as last_end,
    history.currency,
    history.balance_amount,
    history.first_paid_use_at,
    history.last_paid_use_at
from unnest(%(ends)s::timestamptz[], %(checkpoints)s::timestamptz[], %(numbers)s::int[])
    as asked (ends_at, checkpoint_at, number)
inner join marts.fct_customer_history as history
    on history.valid_from >= asked.checkpoint_at and history.valid_from < asked.ends_at
where
    asked.checkpoint_at < asked.ends_at
    and history.is_existing
    and (history.valid_to is null or history.valid_to >= asked.ends_at)
    and (%(filtered)s is false or history.customer_id in (select customer_id from passing))
