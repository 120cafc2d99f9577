-- The movements that were loaded between the two results: late, changed and deleted ones before new ones.
select
    moved.transaction_id,
    moved.customer_id,
    moved.confirmed_at,
    moved.kind,
    moved.amount,
    moved.currency,
    moved.package_id,
    moved.what,
    moved.is_before_the_interval,
    moved.loaded_as_of
from moved
where moved.what <> 'changed again'
order by moved.what = 'new', moved.is_before_the_interval, moved.confirmed_at, moved.transaction_id
limit %(most)s
