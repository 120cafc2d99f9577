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
cross join lateral (
    select state.*
    from marts.fct_customer_month_start as state
    where state.month_start_at = changed.checkpoint_at and state.customer_id = changed.customer_id
    limit 1 -- few customers, each found by the index: never worth reading the whole month for
) as checkpoint
where checkpoint.is_existing
