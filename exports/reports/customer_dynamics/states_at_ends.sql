-- Customer states at each period end by itself, from the nearest checkpoint. Fits ends that lie far apart.
-- An end is answered by the row with valid_from < end <= valid_to. `asked` pairs each end with its
-- checkpoint: the month start before it, or the one shortly after it (an end at local midnight east of
-- Greenwich lies hours before the UTC month starts).

-- checkpoint at or before the end: states that last until it
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
    asked.checkpoint_at <= asked.ends_at
    and checkpoint.is_existing
    and (checkpoint.valid_to is null or checkpoint.valid_to >= asked.ends_at)
    and (%(filtered)s is false or checkpoint.customer_id in (select customer_id from passing))
union all
-- and states that began between the two
select
    history.customer_id,
    asked.number,
    asked.number,
    history.currency,
    history.balance_amount,
    history.first_paid_use_at,
    history.last_paid_use_at
from unnest(%(ends)s::timestamptz[], %(checkpoints)s::timestamptz[], %(numbers)s::int[])
    as asked (ends_at, checkpoint_at, number)
inner join marts.fct_customer_history as history
    on history.valid_from >= asked.checkpoint_at and history.valid_from < asked.ends_at
where
    asked.checkpoint_at < asked.ends_at
    and history.is_existing
    and (history.valid_to is null or history.valid_to >= asked.ends_at)
    and (%(filtered)s is false or history.customer_id in (select customer_id from passing))
union all
-- checkpoint after the end: states of those whom nothing happened to between the two
select
    checkpoint.customer_id,
    asked.number,
    asked.number,
    checkpoint.currency,
    checkpoint.balance_amount,
    checkpoint.first_paid_use_at,
    checkpoint.last_paid_use_at
from unnest(%(ends)s::timestamptz[], %(checkpoints)s::timestamptz[], %(numbers)s::int[])
    as asked (ends_at, checkpoint_at, number)
inner join marts.fct_customer_month_start as checkpoint on asked.checkpoint_at = checkpoint.month_start_at
where
    asked.checkpoint_at > asked.ends_at
    and checkpoint.is_existing
    and not exists (
        select
        from marts.fct_customer_history as later
        where
            later.customer_id = checkpoint.customer_id
            and later.valid_from >= asked.ends_at
            and later.valid_from < asked.checkpoint_at
    )
    and (%(filtered)s is false or checkpoint.customer_id in (select customer_id from passing))
union all
-- and of the others, the state before that
select
    history.customer_id,
    changed.number,
    changed.number,
    history.currency,
    history.balance_amount,
    history.first_paid_use_at,
    history.last_paid_use_at
from (
    select distinct
        asked.number,
        asked.ends_at,
        later.customer_id
    from unnest(%(ends)s::timestamptz[], %(checkpoints)s::timestamptz[], %(numbers)s::int[])
        as asked (ends_at, checkpoint_at, number)
    inner join marts.fct_customer_history as later
        on later.valid_from >= asked.ends_at and later.valid_from < asked.checkpoint_at
    where
        asked.checkpoint_at > asked.ends_at
        and (%(filtered)s is false or later.customer_id in (select customer_id from passing))
) as changed
cross join lateral (
    select latest.*
    from marts.fct_customer_history as latest
    where latest.customer_id = changed.customer_id and latest.valid_from < changed.ends_at
    order by latest.valid_from desc
    limit 1
) as history
where history.is_existing
