-- Customer states with the range of period ends each answers for: those in force at the month start before all ends.
-- An end is answered by the row with valid_from < end <= valid_to.
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
