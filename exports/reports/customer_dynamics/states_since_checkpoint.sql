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
cross join lateral (
    select *
    from marts.fct_customer_history as begun
    where
        begun.valid_from >= asked.checkpoint_at
        and begun.valid_from < asked.ends_at
        and (begun.valid_to is null or begun.valid_to >= asked.ends_at)
    offset 0 -- end by end through the index
) as history
where
    asked.checkpoint_at < asked.ends_at
    and history.is_existing
