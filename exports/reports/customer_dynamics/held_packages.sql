-- Customer and package: the numbers of the period ends at which the customer held it (activated before, not
-- stopped before).
select
    holding.customer_id,
    holding.package_id,
    range_agg(int4range(holding.first_end, holding.last_end, '[]')) as during
from (
    select
        customer_id,
        package_id,
        width_bucket(activated_at, %(ends)s::timestamptz[]) + 1 as first_end,
        case
            when stopped_at is null then cardinality(%(ends)s::timestamptz[])
            else width_bucket(stopped_at, %(ends)s::timestamptz[])
        end as last_end
    from marts.fct_package_holdings
    where %(held_package_id)s::bigint is null or package_id = %(held_package_id)s
    offset 0 -- ranges are built from what the filter below lets through
) as holding
where
    holding.first_end <= holding.last_end
    and (%(filtered)s is false or holding.customer_id in (select customer_id from passing))
group by holding.customer_id, holding.package_id
