-- Customer states at period ends that lie shortly before their month start (local midnight of the first east of Greenwich):
-- the month start's, of those whom nothing happened to in between.
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
left join changed on asked.number = changed.number and checkpoint.customer_id = changed.customer_id
where
    asked.checkpoint_at > asked.ends_at
    and checkpoint.is_existing
    and changed.customer_id is null
    and (%(filtered)s is false or checkpoint.customer_id in (select customer_id from passing))
