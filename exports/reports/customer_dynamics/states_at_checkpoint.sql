-- Customer states at period ends, each from its month start: those that last until an end after it,
-- and all of a month start shortly after the end, from which states_after_end are taken off again.
-- An end is answered by the row with valid_from < end <= valid_to.
select
    checkpoint.customer_id,
    asked.number as first_end,
    asked.number as last_end,
    checkpoint.currency,
    checkpoint.balance_amount,
    checkpoint.first_paid_use_at,
    checkpoint.last_paid_use_at
from unnest(%(ends)s::timestamptz[], %(checkpoints)s::timestamptz[], %(numbers)s::int[])
    as asked (ends_at, checkpoint_at, number)
inner join marts.fct_customer_month_start as checkpoint on asked.checkpoint_at = checkpoint.month_start_at
where
    checkpoint.is_existing
    and (
        checkpoint.valid_to is null
        or checkpoint.valid_to >= asked.ends_at
        or asked.checkpoint_at > asked.ends_at
    )
