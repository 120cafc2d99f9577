-- Group by package: a holder belongs to the row of each package held, and to the row without one at the ends
-- at which it holds none. Customers that never hold any are not listed here: they belong to the row without a
-- package throughout.
select
    held.customer_id,
    held.package_id,
    lower(part.ends) as first_end,
    upper(part.ends) - 1 as last_end
from held
cross join lateral unnest(held.during) as part (ends)
union all
select
    holder.customer_id,
    null::bigint as package_id,
    lower(part.ends) as first_end,
    upper(part.ends) - 1 as last_end
from (
    select
        customer_id,
        int4multirange(int4range(1, cardinality(%(ends)s::timestamptz[]), '[]')) - range_agg(during) as
        without_any
    from held
    group by customer_id
) as holder
cross join lateral unnest(holder.without_any) as part (ends)
