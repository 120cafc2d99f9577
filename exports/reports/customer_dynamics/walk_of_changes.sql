-- And every state that began after that month start, up to the last end.
select
    history.customer_id,
    width_bucket(history.valid_from, %(ends)s::timestamptz[]) + 1 as first_end,
    case
        when history.valid_to is null then cardinality(%(ends)s::timestamptz[])
        else width_bucket(history.valid_to, %(ends)s::timestamptz[])
    end as last_end,
    history.currency,
    history.balance_amount,
    history.first_paid_use_at,
    history.last_paid_use_at
from marts.fct_customer_history as history
where
    history.valid_from >= %(checkpoint)s
    and history.valid_from < %(last_end_at)s
    and history.is_existing
