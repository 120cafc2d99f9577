-- To be taken off: the month start's states of those whom something happened to between the end and it.
select
    checkpoint.customer_id,
    changed.number as first_end,
    changed.number as last_end,
    checkpoint.currency,
    checkpoint.balance_amount,
    checkpoint.first_paid_use_at,
    checkpoint.last_paid_use_at
from changed
inner join marts.fct_customer_month_start as checkpoint
    on changed.checkpoint_at = checkpoint.month_start_at and changed.customer_id = checkpoint.customer_id
where checkpoint.is_existing
