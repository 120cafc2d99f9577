-- Whom something happened to between a period end and the month start shortly after it.
select distinct
    asked.number,
    asked.ends_at,
    asked.checkpoint_at,
    later.customer_id
from unnest(%(ends)s::timestamptz[], %(checkpoints)s::timestamptz[], %(numbers)s::int[])
    as asked (ends_at, checkpoint_at, number)
inner join marts.fct_customer_history as later
    on later.valid_from >= asked.ends_at and later.valid_from < asked.checkpoint_at
where
    asked.checkpoint_at > asked.ends_at
    and (%(filtered)s is false or later.customer_id in (select customer_id from passing))
