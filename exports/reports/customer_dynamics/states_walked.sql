-- Customer states with the range of period ends each answers for: one checkpoint, then every change up to the
-- last end. Fits many ends in a month. An end is answered by the row with valid_from < end <= valid_to.
select
    checkpoint.customer_id,
    1 as first_end,
    case
        when checkpoint.valid_to is null then cardinality(%(ends)s::timestamptz[])
        else width_bucket(checkpoint.valid_to, %(ends)s::timestamptz[])
    end as last_end,
    checkpoint.currency,
    checkpoint.balance_amount,
    checkpoint.first_paid_use_at,
    checkpoint.last_paid_use_at
from marts.fct_customer_month_start as checkpoint
where
    checkpoint.month_start_at = %(checkpoint)s
    and checkpoint.is_existing
    and (%(filtered)s is false or checkpoint.customer_id in (select customer_id from passing))
union all
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
    and (%(filtered)s is false or history.customer_id in (select customer_id from passing))
