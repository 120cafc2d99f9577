-- To be added: their states at the end.
select
    history.customer_id,
    changed.number as first_end,
    changed.number as last_end,
    history.currency,
    history.balance_amount,
    history.first_paid_use_at,
    history.last_paid_use_at
from changed
cross join lateral (
    select latest.*
    from marts.fct_customer_history as latest
    where latest.customer_id = changed.customer_id and latest.valid_from < changed.ends_at
    order by latest.valid_from desc
    limit 1
) as history
where history.is_existing
